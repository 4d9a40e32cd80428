import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { labTest } from "../kit/lab.ts";

/** Bundles are JSON with these keys, in this order. */
const BUNDLE_KEYS = [
  "version",
  "client_name",
  "client_id",
  "server_endpoint",
  "server_cert_sha256",
  "token",
];

labTest("enroll writes a private bundle, and its code works once", async (lab) => {
  const { server, operator } = await lab.operated();
  const uri = await operator.enrollmentUri("edge-01");
  const out = lab.path("sub/dir/bundle.json");
  const first = await lab.clientCommand(["enroll", uri, "--out", out]);
  assert.deepEqual([first.code, first.stdout], [0, `${out}\n`], first.stderr);

  const info = await Deno.stat(out);
  assert.equal((info.mode ?? 0) & 0o777, 0o600);
  const bundle = JSON.parse(await Deno.readTextFile(out)) as Record<string, unknown>;
  assert.deepEqual(Object.keys(bundle), BUNDLE_KEYS);
  assert.equal(bundle["server_endpoint"], server.grpc);

  const again = await lab.clientCommand(["enroll", uri, "--out", out]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /^error: rpc: enrollment_used$/m);
  assert.match(again.stderr, /"event":"client.enrollment_failed"/);
  assert.deepEqual(
    JSON.parse(await Deno.readTextFile(out)),
    bundle,
    "a failed enrollment touches nothing",
  );

  const code = new URL(uri.replace("portunus:", "http:")).searchParams.get("code") ?? "";
  const everything = lab.transcript() + first.stderr + again.stderr;
  for (const secret of [code, String(bundle["token"]), operator.token]) {
    assert.ok(secret.length === 43 && !everything.includes(secret), "a secret is in a log");
  }
});

labTest(
  "enroll refuses unknown and expired codes, a wrong pin and URIs that are none",
  async (lab) => {
    const { server, operator } = await lab.operated();
    const uri = await operator.enrollmentUri("edge-01");
    const failure = async (changed: string) => {
      const { code, stderr } = await lab.clientCommand([
        "enroll",
        changed,
        "--out",
        lab.path("none.json"),
      ]);
      assert.equal(code, 1, stderr);
      return stderr;
    };
    assert.match(
      await failure(uri.replace(/code=.*/, `code=${"A".repeat(43)}`)),
      /^error: rpc: enrollment_invalid$/m,
    );
    assert.match(
      await failure(uri.replace(/sha256:[0-9a-f]{64}/, `sha256:${"0".repeat(64)}`)),
      /^error: transport: .*server certificate fingerprint does not match the pinned value/m,
    );
    assert.match(
      await failure("portunus://127.0.0.1:1/enroll"),
      /^error: enrollment URI: missing enrollment URI query$/m,
    );
    assert.match(
      await failure("https://example.com/"),
      /^error: enrollment URI: bad enrollment URI scheme$/m,
    );

    using db = new DatabaseSync(`${server.dataDir}/state.db`);
    db.exec("UPDATE client_enrollments SET expires_at = '2020-01-01T00:00:00+00:00'");
    assert.match(await failure(uri), /^error: rpc: enrollment_expired$/m);
    await assert.rejects(Deno.stat(lab.path("none.json")), Deno.errors.NotFound);
  },
);

labTest(
  "enroll - takes the URI from stdin, so that no process list shows its code",
  async (lab) => {
    const { operator } = await lab.operated();
    const out = lab.path("stdin.json");
    const uri = await operator.enrollmentUri("edge-01");
    const { code, stdout, stderr } = await lab.clientCommand(
      ["enroll", "-", "--out", out],
      {},
      `${uri}\n`,
    );
    assert.deepEqual([code, stdout], [0, `${out}\n`], stderr);
    const nothing = await lab.clientCommand(["enroll", "-", "--out", out]);
    assert.equal(nothing.code, 1);
    assert.match(nothing.stderr, /^error: enrollment URI: bad enrollment URI scheme$/m);
  },
);

labTest("a client without a bundle enrolls itself from PORTUNUS_ENROLL_URI, once", async (lab) => {
  const { operator } = await lab.operated();
  const bundle = lab.path("self.json");
  const env = { PORTUNUS_ENROLL_URI: ` ${await operator.enrollmentUri("edge-01")}\n` };
  const first = lab.client({ bundle, env });
  await first.event("client.self_bootstrap", { path: bundle });
  await first.event("control.connected");
  assert.equal(await first.stop(), 0);

  const second = lab.client({ bundle, env });
  await second.event("control.connected");
  assert.deepEqual(second.logs.all("client.self_bootstrap"), []);
});

labTest("a client without a usable bundle says what it tried and exits 1", async (lab) => {
  const none = await lab.clientCommand([], { XDG_CONFIG_HOME: "/nowhere" });
  assert.equal(none.code, 1);
  assert.match(
    none.stderr,
    new RegExp(
      "error: no client bundle found; attempted paths:\n  - /nowhere/portunus/client.bundle.json\n" +
        `  - ${lab.dir}/.config/portunus/client.bundle.json\n  - ./client.bundle.json\n`,
    ),
  );

  const garbage = lab.path("garbage.json");
  await Deno.writeTextFile(garbage, '{"version": 1, "token": "secret-that-must-not-show');
  const broken = await lab.clientCommand(["--bundle", garbage]);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /"event":"client.bundle_load_failed"/);
  assert.doesNotMatch(broken.stderr, /secret-that-must-not-show/);
});

labTest("enrolling a client again ends its old session and its old token", async (lab) => {
  const { server, operator, bundle, client } = await lab.connected();
  const clientId = (JSON.parse(await Deno.readTextFile(bundle)) as { client_id: string }).client_id;
  const { status, body } = await operator.api("POST", `/v1/clients/${clientId}/enrollment`, {});
  assert.equal(status, 201, JSON.stringify(body));

  const renewed = lab.path("renewed.json");
  const { code, stderr } = await lab.clientCommand([
    "enroll",
    (body as { uri: string }).uri,
    "--out",
    renewed,
  ]);
  assert.equal(code, 0, stderr);
  await server.process.event("client.enrollment_rotated", { disconnected: true });
  await client.event("control.terminal", { error: "auth: token_not_found" });
  await lab.client({ bundle: renewed }).event("control.connected");
});
