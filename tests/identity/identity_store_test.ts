import assert from "node:assert/strict";
import { AccessError } from "../../src/core/errors.ts";
import { localAccounts } from "../../src/identity/local_identity_store.ts";
import { testIdentityStore } from "../kit/identity_store_contract.ts";
import { TemporaryStore } from "../kit/seeded_store.ts";

testIdentityStore("local", () => {
  const db = new TemporaryStore();
  return Promise.resolve({
    store: localAccounts(db.store).store,
    [Symbol.asyncDispose]: () => Promise.resolve(db[Symbol.dispose]()),
  });
});

Deno.test("the server's own store changes nothing when what goes along with it fails", async () => {
  using db = new TemporaryStore();
  const { store } = localAccounts(db.store);
  const user = {
    userId: "root",
    role: "superadmin",
    displayName: "Root",
    createdAt: Temporal.Instant.from("2026-01-01T00:00:00Z"),
    passwordHash: "phc",
    passwordChangeRequired: false,
  } as const;
  const failing = () => {
    throw new AccessError("setup_token_invalid");
  };
  await assert.rejects(store.insertFirstSuperadmin({ user, credential: null }, failing));
  assert.equal(await store.account("root"), undefined);
  await store.insertUser({ ...user, userId: "alice", role: "user" });
  await assert.rejects(store.removeUser("alice", failing));
  assert.ok(await store.account("alice"));
});
