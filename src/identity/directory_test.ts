import assert from "node:assert/strict";
import { TemporaryStore } from "../../tests/kit/seeded_store.ts";
import { Directory } from "./directory.ts";
import { localAccounts } from "./local_identity_store.ts";

function open(): { db: TemporaryStore; operators: Directory } & Disposable {
  const db = new TemporaryStore();
  const operators = new Directory({ ...localAccounts(db.store), clock: db.clock });
  return { db, operators, [Symbol.dispose]: () => db[Symbol.dispose]() };
}

Deno.test("Directory.bootstrapped() counts enabled superadmins only", async () => {
  using fixture = open();
  const { db, operators } = fixture;
  assert.equal(await operators.bootstrapped(), false);
  db.addUser({ userId: "alice", role: "user" });
  db.addUser({ userId: "old", role: "superadmin", disabled: true });
  assert.equal(await operators.bootstrapped(), false);
  db.addUser({ userId: "root", role: "superadmin" });
  assert.equal(await operators.bootstrapped(), true);
});

Deno.test("Directory.authenticate() accepts active credentials of enabled users", async () => {
  using fixture = open();
  const { db, operators } = fixture;
  db.addUser({ userId: "alice", role: "user", token: "sesame" });
  db.addUser({ userId: "gone", role: "user", token: "revoked", status: "revoked" });
  db.addUser({ userId: "off", role: "superadmin", token: "disabled", disabled: true });
  assert.deepEqual(await operators.authenticate("sesame"), {
    ok: true,
    operator: { userId: "alice", role: "user" },
  });
  const codes = await Promise.all(
    ["", "Sesame", "revoked", "disabled", "x".repeat(257)].map(async (token) => {
      const result = await operators.authenticate(token);
      return result.ok ? "ok" : result.code;
    }),
  );
  const invalid = "credential_invalid";
  assert.deepEqual(codes, [invalid, invalid, invalid, "user_disabled", invalid]);
});

Deno.test("Directory.authenticate() records the use of a credential, if it can", async () => {
  using fixture = open();
  const { db, operators } = fixture;
  db.addUser({ userId: "alice", role: "user", token: "sesame" });
  const lastUsed = () => db.store.db.get("SELECT last_used_at FROM credentials")?.["last_used_at"];
  await operators.authenticate("sesame");
  assert.equal(lastUsed(), "2026-01-01T00:00:00+00:00");
  db.clock.advance(1_000);
  db.sabotage("credentials");
  assert.equal((await operators.authenticate("sesame")).ok, true);
  assert.equal(lastUsed(), "2026-01-01T00:00:00+00:00");
});
