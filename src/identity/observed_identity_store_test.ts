import assert from "node:assert/strict";
import { openTempStore } from "../../tests/kit/data_dir.ts";
import { localAccounts } from "./local_identity_store.ts";
import { observed } from "./observed_identity_store.ts";

Deno.test("observed() tells of changes of users that were made, and of nothing else", async () => {
  using it = openTempStore();
  let changes = 0;
  const store = observed(localAccounts(it.store).store, () => void changes++);
  const now = Temporal.Instant.from("2026-01-01T00:00:00Z");
  const user = {
    userId: "alice",
    role: "user",
    displayName: "Alice",
    createdAt: now,
    passwordHash: "phc",
    passwordChangeRequired: false,
  } as const;
  await store.insertUser(user);
  assert.equal(changes, 1);
  await assert.rejects(store.insertUser(user));
  assert.equal((await store.account("alice"))?.userId, "alice");
  assert.equal(changes, 1);
  await store.updateUser("alice", { disabled: true }, now);
  await store.replacePassword({ userId: "alice", from: "phc", to: "other" });
  await store.removeUser("alice", () => undefined);
  assert.equal(changes, 4);
});
