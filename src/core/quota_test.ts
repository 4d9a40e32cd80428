import assert from "node:assert/strict";
import fc from "fast-check";
import { COUNT_MAX } from "./counters.ts";
import {
  newQuota,
  periodEndsAt,
  type Quota,
  remainingBytes,
  rolledOver,
  withMonthlyBytes,
  withoutUsage,
  withUsage,
} from "./quota.ts";

const ANCHOR = 1_767_225_600n; // 2026-01-01
const FEBRUARY = 1_769_904_000n;
const NOW = ANCHOR + 100n;

const fresh = (monthlyBytes = 100n): Quota =>
  newQuota({
    userId: "alice",
    clientId: "C1",
    clientName: "edge-01",
    monthlyBytes,
    billingAnchor: ANCHOR,
  }, NOW);

Deno.test("newQuota() begins its first period at the anchor, unused", () => {
  assert.deepEqual(fresh(), {
    userId: "alice",
    clientId: "C1",
    clientName: "edge-01",
    monthlyBytes: 100n,
    billingAnchor: ANCHOR,
    periodStartedAt: ANCHOR,
    bytesUsed: 0n,
    exhaustedAt: null,
    createdAt: NOW,
    updatedAt: NOW,
  });
  assert.equal(periodEndsAt(fresh()), FEBRUARY);
  assert.equal(fresh(0n).exhaustedAt, null, "an empty one exhausts with the first report");
});

Deno.test("withUsage() exhausts it once everything is used, and keeps the first time", () => {
  const almost = withUsage(fresh(), 99n, NOW + 1n);
  assert.deepEqual(almost, { ...fresh(), bytesUsed: 99n });
  const used = withUsage(almost, 1n, NOW + 2n);
  assert.deepEqual(used, { ...fresh(), bytesUsed: 100n, exhaustedAt: NOW + 2n });
  const over = withUsage(used, 50n, NOW + 3n);
  assert.deepEqual(over, { ...used, bytesUsed: 150n });
  assert.equal(remainingBytes(over), -50n);
  assert.equal(withUsage(fresh(0n), 1n, NOW).exhaustedAt, NOW);
});

Deno.test("withUsage() counts exactly beyond 2^53, and does not overflow", () => {
  const large = withUsage(fresh(COUNT_MAX), 2n ** 53n, NOW);
  assert.equal(withUsage(large, 1n, NOW).bytesUsed, 2n ** 53n + 1n);
  assert.equal(withUsage(large, COUNT_MAX, NOW).bytesUsed, COUNT_MAX);
});

Deno.test("withMonthlyBytes() looks again whether it is exhausted", () => {
  const used = withUsage(fresh(), 100n, NOW);
  assert.deepEqual(withMonthlyBytes(used, 101n, NOW + 9n), {
    ...used,
    monthlyBytes: 101n,
    exhaustedAt: null,
    updatedAt: NOW + 9n,
  });
  assert.equal(withMonthlyBytes(used, 50n, NOW + 9n).exhaustedAt, NOW, "it was so before");
  const half = withUsage(fresh(), 50n, NOW);
  assert.equal(withMonthlyBytes(half, 50n, NOW + 9n).exhaustedAt, NOW + 9n);
  assert.equal(withMonthlyBytes(half, 51n, NOW + 9n).exhaustedAt, null);
});

Deno.test("withoutUsage() forgets usage and exhaustion", () => {
  const used = withUsage(fresh(), 100n, NOW);
  assert.deepEqual(withoutUsage(used, NOW + 9n), { ...fresh(), updatedAt: NOW + 9n });
});

Deno.test("rolledOver() begins the period of now, and only a later one", () => {
  const used = withUsage(fresh(), 100n, NOW);
  assert.equal(rolledOver(used, FEBRUARY - 1n), null);
  assert.equal(rolledOver(used, 0n), null);
  assert.deepEqual(rolledOver(used, FEBRUARY), {
    ...fresh(),
    periodStartedAt: FEBRUARY,
    updatedAt: FEBRUARY,
  });
  assert.equal(rolledOver({ ...used, periodStartedAt: ANCHOR - 5n }, FEBRUARY), null);
});

Deno.test("a quota is exhausted exactly when all of it is used, whatever happens to it", () => {
  const bytes = fc.bigInt({ min: 0n, max: 300n });
  const step = fc.oneof(
    fc.record({ use: bytes }),
    fc.record({ limit: bytes }),
    fc.constant({ clear: true }),
  );
  fc.assert(fc.property(fc.array(step), (steps) => {
    let quota = fresh();
    for (const it of steps) {
      if ("use" in it) quota = withUsage(quota, it.use, NOW);
      else if ("limit" in it) quota = withMonthlyBytes(quota, it.limit, NOW);
      else quota = withoutUsage(quota, NOW);
      const isFull = remainingBytes(quota) <= 0n;
      // Cleared and empty at once: the next report exhausts it.
      if (quota.monthlyBytes === 0n && quota.bytesUsed === 0n) continue;
      assert.equal(quota.exhaustedAt !== null, isFull);
    }
  }));
});
