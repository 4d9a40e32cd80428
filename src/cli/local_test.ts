import assert from "node:assert/strict";
import { runCommand } from "../../tests/kit/fake_api.ts";
import { TempDataDir } from "../../tests/kit/data_dir.ts";
import { parseEnrollmentUri } from "../core/enrollment_uri.ts";
import { ClientRepository } from "../store/clients.ts";
import { EnrollmentRepository } from "../store/enrollments.ts";
import { IdentityTables } from "../store/identity_tables.ts";
import { hashSecret } from "../system/secret_hash.ts";

/** Commands on a data directory of their own. */
class Fixture implements Disposable {
  readonly dir = new TempDataDir();

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const surroundings = { RUST_LOG: "off", HOSTNAME: "lab", ...env };
    return runCommand([...args, "--data-dir", this.dir.path], surroundings);
  }

  [Symbol.dispose](): void {
    this.dir[Symbol.dispose]();
  }
}

Deno.test("gen-token prints 43 characters, others each time, and touches nothing", async () => {
  using fixture = new Fixture();
  const [first, second] = [await fixture.run(["gen-token"]), await fixture.run(["gen-token"])];
  assert.match(first.out, /^[\w-]{43}\n$/);
  assert.deepEqual([first.code, first.err], [0, ""]);
  assert.notEqual(first.out, second.out);
  assert.deepEqual(fixture.dir.files(), []);
});

Deno.test("bootstrap-superadmin prints a token that works, once", async () => {
  using fixture = new Fixture();
  const { code, out } = await fixture.run(["bootstrap-superadmin"]);
  assert.equal(code, 0);
  const token = /^superadmin user_id=_superadmin token=([\w-]{43})\n$/.exec(out)?.[1] ?? "";
  {
    using store = fixture.dir.open();
    const owner = new IdentityTables(store).credentials.findActive(hashSecret(token));
    assert.equal(owner?.userId, "_superadmin");
  }
  const again = await fixture.run(["bootstrap-superadmin"]);
  assert.deepEqual([again.code, again.out], [2, ""]);
  assert.match(again.err, /^error: already_bootstrapped \(.+\)\n$/);
});

Deno.test("bootstrap-superadmin checks the display name", async () => {
  using fixture = new Fixture();
  for (const name of ["--name=", "--name=   ", `--name=${"x".repeat(65)}`]) {
    const { code, err } = await fixture.run(["bootstrap-superadmin", name]);
    assert.equal(code, 3);
    assert.match(err, /^error: invalid_display_name \(.+\)\n$/);
  }
});

Deno.test("enroll-client prints three lines and stores a code that can be redeemed", async () => {
  using fixture = new Fixture();
  const args = ["enroll-client", "edge 01", "--ttl-secs", "60", "--address", "Edge.Example"];
  const { code, out } = await fixture.run(args);
  assert.equal(code, 0);
  const [name, expires, command, end, ...rest] = out.split("\n");
  assert.equal(name, "client_name=edge 01");
  assert.match(expires ?? "", /^expires_at=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{3}){0,3} UTC$/);
  const uri = /^portunus-client enroll '(.+)'$/.exec(command ?? "")?.[1] ?? "";
  assert.deepEqual([end, rest], ["", []]);
  const parsed = parseEnrollmentUri(uri);
  assert.equal(parsed.endpoint, "127.0.0.1:7443");

  using store = fixture.dir.open();
  const redeemed = new EnrollmentRepository(store).redeem({
    code: parsed.code,
    codeHash: hashSecret(parsed.code),
    tokenHash: "x",
    now: Temporal.Now.instant(),
    newClientId: "unused",
    resolveEndpoint: () => assert.fail(),
  });
  assert.equal(redeemed.clientName, "edge 01");
  const [client] = new ClientRepository(store).list();
  assert.equal(client?.clientAddress, "edge.example");
});

Deno.test("enroll-client takes the endpoint from flag or environment, if the certificate covers it", async () => {
  using fixture = new Fixture();
  const env = { PORTUNUS_ADVERTISED_ENDPOINT: "localhost:1" };
  const endpointOf = async (...args: readonly string[]) => {
    const { out } = await fixture.run(["enroll-client", "e", ...args], env);
    return parseEnrollmentUri(out.split("'")[1] ?? "").endpoint;
  };
  assert.equal(await endpointOf(), "localhost:1");
  assert.equal(await endpointOf("--advertised-endpoint", "lab:2"), "lab:2");
  assert.equal(await endpointOf("--advertised-endpoint", ":7443"), "127.0.0.1:7443");
  const wrong = await fixture.run([
    "enroll-client",
    "e",
    "--advertised-endpoint",
    "evil.example:1",
  ]);
  assert.equal(wrong.code, 3);
  assert.match(wrong.err, /^error: advertised_endpoint: .+\n$/);
});

Deno.test("enroll-client refuses bad names, lifetimes and addresses with exit 3", async () => {
  using fixture = new Fixture();
  const cases = [
    [[" "], /^error: invalid_name: .+\n$/],
    [["a\u0007"], /^error: invalid_name: .+\n$/],
    [
      ["e", "--ttl-secs", "86401"],
      /^error: invalid_enrollment_ttl: 86401 seconds out of range \(1\.\.=86400\)\n$/,
    ],
    [["e", "--ttl-secs=0"], /^error: invalid_enrollment_ttl: 0 seconds/],
    [["e", "--address", "http://x"], /^error: invalid_client_address: .+\n$/],
  ] as const;
  for (const [args, line] of cases) {
    const { code, out, err } = await fixture.run(["enroll-client", ...args]);
    assert.deepEqual([code, out], [3, ""], args.join(" "));
    assert.match(err, line);
  }
  assert.equal((await fixture.run(["enroll-client", "e", "--ttl-secs", "-1"])).code, 2);
  assert.equal((await fixture.run(["enroll-client"])).code, 2);
});

Deno.test("revoke revokes every client of the name and does not mind when there is none", async () => {
  using fixture = new Fixture();
  {
    using store = fixture.dir.open();
    for (const [id, name] of [["C1", "e"], ["C2", "e"], ["C3", "f"]] as const) {
      store.db.run(
        "INSERT INTO client_tokens (client_id, client_name, token_hash, issued_at) VALUES (?, ?, ?, ?)",
        id,
        name,
        `hash of ${id}`,
        "2026-01-01T00:00:00+00:00",
      );
    }
  }
  for (const name of ["e", "e", "nobody"]) {
    assert.deepEqual(await fixture.run(["revoke", name]), { code: 0, out: "", err: "" });
  }
  assert.equal((await fixture.run(["revoke", " "])).code, 3);
  using store = fixture.dir.open();
  const revoked = new ClientRepository(store).list().map(({ revokedAt }) => revokedAt !== null);
  assert.deepEqual(revoked, [true, true, false]);
});

Deno.test("local commands exit 75 while another process has the store", async () => {
  using fixture = new Fixture();
  using _store = fixture.dir.open();
  const prefixes = [
    [["bootstrap-superadmin"], "error: open store: "],
    [["enroll-client", "e"], "store: "],
    [["revoke", "e"], "store: "],
  ] as const;
  for (const [args, prefix] of prefixes) {
    const { code, out, err } = await fixture.run(args);
    assert.deepEqual([code, out], [75, ""], args.join(" "));
    assert.equal(
      err,
      `${prefix}store_in_use: ${fixture.dir.path}/state.db (process ${Deno.pid} has it: stop that first)\n`,
    );
  }
});
