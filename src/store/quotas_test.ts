import assert from "node:assert/strict";
import { TemporaryStore } from "../../tests/kit/seeded_store.ts";
import type { Quota } from "../core/quota.ts";
import { StoreError } from "./database.ts";
import { QuotaRepository } from "./quotas.ts";

const LARGEST = 2n ** 63n - 1n;

const quota = (userId: string, clientId: string): Quota => ({
  userId,
  clientId,
  clientName: "edge-01",
  monthlyBytes: LARGEST,
  billingAnchor: -LARGEST - 1n,
  periodStartedAt: -1n,
  bytesUsed: LARGEST - 1n,
  exhaustedAt: null,
  createdAt: 2n ** 53n + 1n,
  updatedAt: 0n,
});

Deno.test("QuotaRepository keeps every bit, for each pair of user and client", () => {
  using db = new TemporaryStore();
  const quotas = new QuotaRepository(db.store);
  const kept = [quota("alice", "C2"), quota("alice", "C1"), quota("bob", "C2")];
  for (const it of kept) quotas.save(it);
  quotas.save({ ...quota("bob", "C2"), exhaustedAt: LARGEST });
  assert.deepEqual(quotas.get({ userId: "alice", clientId: "C1" }), kept[1]);
  assert.deepEqual(quotas.listOfUser("alice"), [kept[1], kept[0]]);
  const ofClient = quotas.listOfClient("C2").map((
    { userId, exhaustedAt },
  ) => [userId, exhaustedAt]);
  assert.deepEqual(ofClient, [["alice", null], ["bob", LARGEST]]);
  assert.equal(quotas.list().length, 3);
  assert.deepEqual([quotas.listStartedBy(-2n).length, quotas.listStartedBy(-1n).length], [0, 3]);

  quotas.remove({ userId: "alice", clientId: "C2" });
  quotas.remove({ userId: "alice", clientId: "C3" });
  assert.deepEqual(quotas.listOfUser("alice"), [kept[1]]);
});

Deno.test("QuotaRepository refuses a row that does not say what it should", () => {
  using db = new TemporaryStore();
  const quotas = new QuotaRepository(db.store);
  quotas.save(quota("alice", "C1"));
  db.store.db.exec("UPDATE traffic_quotas SET monthly_bytes = 1.5");
  assert.throws(
    () => quotas.list(),
    (error) => error instanceof StoreError && error.kind === "corruption",
  );
});
