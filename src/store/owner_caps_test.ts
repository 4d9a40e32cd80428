import assert from "node:assert/strict";
import { openTempStore } from "../../tests/kit/data_dir.ts";
import { StoreError } from "./database.ts";
import { type OwnerCap, OwnerCapRepository } from "./owner_caps.ts";

const CAP: OwnerCap = {
  clientId: "C1",
  ownerId: "alice",
  limits: {
    bandwidthInBps: 9_223_372_036_854_775_807n,
    bandwidthOutBps: 9_007_199_254_740_993n,
    newConnectionsPerSec: 4_294_967_295,
    concurrentConnections: 1,
    bandwidthInBurst: 92_233_720_368_547_759n,
    bandwidthOutBurst: 90_071_992_547_410n,
    newConnectionsBurst: 42_949_673,
  },
  updatedAtMs: 1_778_148_000_123,
};

Deno.test("OwnerCapRepository.upsert() keeps every cap exactly, and an envelope without any", () => {
  using temp = openTempStore();
  const repository = new OwnerCapRepository(temp.store);
  const uncapped: OwnerCap = { ...CAP, ownerId: "bob", limits: {} };
  const elsewhere: OwnerCap = { ...CAP, clientId: "C0", limits: { concurrentConnections: 7 } };
  for (const cap of [CAP, uncapped, elsewhere]) repository.upsert(cap);
  assert.deepEqual(repository.loadAll(), [elsewhere, CAP, uncapped]);
});

Deno.test("OwnerCapRepository.upsert() replaces all caps of the same owner and client", () => {
  using temp = openTempStore();
  const repository = new OwnerCapRepository(temp.store);
  repository.upsert(CAP);
  const next: OwnerCap = { ...CAP, limits: { bandwidthInBps: 1n }, updatedAtMs: 5 };
  repository.upsert(next);
  assert.deepEqual(repository.loadAll(), [next]);
});

Deno.test("OwnerCapRepository.upsert() refuses what a column cannot hold, and keeps what was there", () => {
  using temp = openTempStore();
  const repository = new OwnerCapRepository(temp.store);
  repository.upsert(CAP);
  for (const bandwidthInBps of [0n, 2n ** 63n]) {
    assert.throws(
      () => repository.upsert({ ...CAP, limits: { bandwidthInBps } }),
      (error: unknown) => error instanceof StoreError && error.kind === "conflict",
    );
  }
  assert.deepEqual(repository.loadAll(), [CAP]);
});

Deno.test("OwnerCapRepository.remove() removes one owner of one client, and nothing twice", () => {
  using temp = openTempStore();
  const repository = new OwnerCapRepository(temp.store);
  const others: OwnerCap[] = [{ ...CAP, ownerId: "bob" }, { ...CAP, clientId: "C2" }];
  for (const cap of [CAP, ...others]) repository.upsert(cap);
  repository.remove(CAP);
  repository.remove(CAP);
  assert.deepEqual(repository.loadAll(), others);
});
