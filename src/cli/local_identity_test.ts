import assert from "node:assert/strict";
import { runCommand } from "../../tests/kit/fake_api.ts";
import { TempDataDir } from "../../tests/kit/data_dir.ts";
import { Argon2Hasher } from "../identity/argon2_hasher.ts";
import { AuditRepository } from "../store/audit.ts";
import { IdentityTables } from "../store/identity_tables.ts";
import { hashSecret } from "../system/secret_hash.ts";
import { systemRandom } from "../system/random.ts";

const PASSWORD = "correct horse ☂";
const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");

/** A data directory in which alice has a session and an API credential. */
class Fixture implements Disposable {
  readonly dir = new TempDataDir();

  constructor() {
    this.inspect(({ users, sessions, credentials }) => {
      users.insert({
        userId: "alice",
        role: "superadmin",
        displayName: "Alice",
        createdAt: NOW,
        passwordHash: null,
        passwordChangeRequired: true,
      });
      sessions.insert({
        sessionHash: "s",
        userId: "alice",
        createdAt: NOW,
        absoluteExpiresAt: NOW.add({ hours: 1 }),
        remoteAddr: "::1",
        userAgent: null,
      });
      const credential = { credentialId: "c", userId: "alice", label: null, issuedAt: NOW };
      credentials.insert({ ...credential, tokenHash: "h" });
    });
  }

  inspect<T>(look: (store: IdentityTables) => T): T {
    using store = this.dir.open();
    return look(new IdentityTables(store));
  }

  run(args: readonly string[], stdin = "") {
    return runCommand([...args, "--data-dir", this.dir.path], { RUST_LOG: "off" }, stdin);
  }

  /** Whether alice's password is `password`. */
  async accepts(password: string): Promise<boolean> {
    using hasher = new Argon2Hasher(systemRandom);
    return await hasher.verify(password, this.inspect(({ users }) => users.passwordHash("alice")));
  }

  [Symbol.dispose](): void {
    this.dir[Symbol.dispose]();
  }
}

Deno.test("reset-password sets the password, ends sessions and tokens, and is in the trail", async () => {
  using fixture = new Fixture();
  const args = ["reset-password", "alice", "--password-stdin"];
  assert.deepEqual(await fixture.run(args, `${PASSWORD}\nmore`), {
    code: 0,
    out: "password_reset=ok user_id=alice sessions_revoked=1\n",
    err: "",
  });
  assert.equal(await fixture.accepts(PASSWORD), true);
  const user = fixture.inspect(({ users }) => users.get("alice"));
  assert.deepEqual([user?.passwordChangeRequired, user?.credentialCount], [false, 0]);

  using store = fixture.dir.open();
  const [entry] = new AuditRepository(store, fixture.dir.clock)
    .page({ limit: 1, outcome: null, since: null, until: null, before: null }).entries;
  assert.deepEqual(
    [entry?.actor, entry?.role, entry?.action, entry?.resourceKind, entry?.resourceValue],
    ["_local_cli", "superadmin", "operator.password_reset", "user", "alice"],
  );
  assert.deepEqual(entry?.details, {
    sessions_revoked: 1,
    temporary_password_generated: false,
    password_change_required: false,
    source: "local_cli",
  });
});

Deno.test("reset-password --temporary prints a password that must be changed", async () => {
  using fixture = new Fixture();
  const { code, out } = await fixture.run([
    "reset-password",
    "alice",
    "--temporary",
    "--keep-api-tokens",
  ]);
  const [first, second = ""] = out.trimEnd().split("\n");
  assert.deepEqual([code, first], [0, "password_reset=ok user_id=alice sessions_revoked=1"]);
  const password = /^temporary_password=([\w-]{43})$/.exec(second)?.[1] ?? "";
  assert.equal(await fixture.accepts(password), true);
  const user = fixture.inspect(({ users }) => users.get("alice"));
  assert.deepEqual([user?.passwordChangeRequired, user?.credentialCount], [true, 1]);
});

Deno.test("reset-password asks twice on the terminal", async () => {
  using fixture = new Fixture();
  const asked = await fixture.run(["reset-password", "alice"], `${PASSWORD}\n${PASSWORD}`);
  assert.deepEqual([asked.code, asked.err], [0, "New password: \nConfirm password: \n"]);
  assert.equal(await fixture.accepts(PASSWORD), true);
  const different = await fixture.run(["reset-password", "alice"], `${PASSWORD}\nanother`);
  assert.equal(different.code, 3);
  assert.match(different.err, /error: password_mismatch\n$/);
  const closed = await fixture.run(["reset-password", "alice"]);
  assert.equal(closed.code, 1);
  assert.match(closed.err, /error: read_password_tty: no terminal\n$/);
  assert.equal(await fixture.accepts(PASSWORD), true);
});

Deno.test("reset-password says what is wrong, about the user before the password", async () => {
  using fixture = new Fixture();
  const cases: [args: string[], stdin: string, code: number, error: string][] = [
    [["Alice"], "x", 3, "invalid_user_id"],
    [["nobody"], "x", 8, "user_not_found: nobody"],
    [["_superadmin"], "x", 8, "user_not_found: _superadmin"],
    [["alice"], "x", 3, "password_too_short"],
    [["alice"], "", 3, "password_too_short"],
    [["alice"], "x".repeat(1_025), 3, "password_too_long"],
  ];
  for (const [args, stdin, code, error] of cases) {
    const outcome = await fixture.run(["reset-password", ...args, "--password-stdin"], stdin);
    assert.deepEqual(outcome, { code, out: "", err: `error: ${error}\n` });
  }
  const both = await fixture.run(["reset-password", "alice", "--password-stdin", "--temporary"]);
  assert.equal(both.code, 2);
});

Deno.test("onboarding-token replaces the setup token while there is no superadmin", async () => {
  using fixture = new Fixture();
  const refused = await fixture.run(["onboarding-token"]);
  assert.deepEqual([refused.code, refused.out], [2, ""]);
  assert.match(refused.err, /^error: already_bootstrapped \(.+\)\n$/);
  fixture.inspect(({ users }) => users.delete("alice"));
  await fixture.run(["onboarding-token"]);
  const { code, out } = await fixture.run(["onboarding-token"]);
  const token = /^setup_token=([\w-]{43})\n$/.exec(out)?.[1] ?? "";
  assert.equal(code, 0);
  const stored = fixture.inspect(({ setupToken }) => setupToken.get());
  assert.equal(stored?.tokenHash, hashSecret(token));
  const ttl = stored?.expiresAt.since(stored.issuedAt).total("minutes");
  assert.equal(ttl, 30);
});
