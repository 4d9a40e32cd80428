import assert from "node:assert/strict";
import { nextReadings, sumOf } from "./rule_rates.ts";
import type { RuleStats } from "./types.ts";

const stats = (rule_id: number, second: number, bytes_in: number) =>
  ({
    rule_id,
    bytes_in,
    bytes_out: 0,
    active_connections: 1,
    active_flows: 2,
    updated_at: new Date(second * 1_000).toISOString(),
  }) as RuleStats;

Deno.test("nextReadings() divides by the time between reports, and survives a reset", () => {
  const first = nextReadings(new Map(), [stats(1, 0, 100), stats(2, 0, 100)], 0);
  assert.equal(first.get(1)?.rate, null);
  assert.equal(sumOf(first).rate, null);
  const second = nextReadings(first, [stats(1, 5, 600), stats(2, 5, 0), stats(3, 5, 0)], 5_000);
  assert.deepEqual([1, 2, 3].map((it) => second.get(it)?.rate?.in), [100, 0, undefined]);
  assert.deepEqual(sumOf(second), {
    bytesIn: 600,
    bytesOut: 0,
    active: 9,
    rate: { in: 100, out: 0 },
  });
  const same = nextReadings(second, [stats(1, 5, 600)], 20_000);
  assert.equal(same.get(1), second.get(1), "the same report again says nothing new");
  assert.equal(same.has(2), false, "a rule that is gone is forgotten");
  const silent = nextReadings(same, [stats(1, 5, 600)], 20_001);
  assert.equal(silent.get(1)?.rate, null, "nobody reports any more");
});
