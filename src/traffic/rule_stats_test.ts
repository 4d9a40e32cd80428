import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { type RuleStatsInit, statsReport } from "../../tests/kit/messages.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { RuleStatsCache } from "./rule_stats.ts";

const EDGE = { clientId: "C1", clientName: "edge-01" };
const OTHER = { clientId: "C2", clientName: "edge-02" };

/** A cache where alice owns rule 1, which is on edge-01. */
function open() {
  const clock = new FakeClock();
  const metrics = new Metrics();
  const cache = new RuleStatsCache({
    clock,
    metrics,
    ownerOf: (id, clientId) => id === 1n && clientId === "C1" ? "alice" : undefined,
    ownersOn: () => new Set(["alice"]),
  });
  return {
    clock,
    cache,
    record: (client: typeof EDGE, ...rules: RuleStatsInit[]) =>
      cache.record(client, statsReport(...rules)),
    /** Rows of a family without its prefix, `client/owner/rule value`. */
    rows(family: string): string[] {
      const row = new RegExp(
        `^portunus_rule_${family}\\{client="(.*)",owner="(.*)",rule="(.*)"\\} (.*)$`,
        "gm",
      );
      return [...metrics.render().matchAll(row)].map(([, client, owner, rule, value]) =>
        `${client}/${owner}/${rule} ${value}`
      );
    },
  };
}

Deno.test("RuleStatsCache.record() keeps the latest counters with the time they came in", () => {
  const { cache, clock, record } = open();
  assert.equal(cache.get(1n), undefined);
  record(EDGE, { ruleId: 1n, bytesIn: 5n });
  clock.advance(5_000);
  record(EDGE, { ruleId: 1n, bytesIn: 7n });
  const snapshot = cache.get(1n);
  assert.equal(snapshot?.stats.bytesIn, 7n);
  assert.equal(snapshot?.clientName, "edge-01");
  assert.equal(snapshot?.updatedAt.epochMilliseconds, clock.now());
});

Deno.test("RuleStatsCache.record() counts what was gained, and all of it after a restart of the client", () => {
  const { record, rows } = open();
  for (const bytesIn of [100n, 150n, 150n, 30n, 40n]) record(EDGE, { ruleId: 1n, bytesIn });
  assert.deepEqual(rows("bytes_in_total"), ["edge-01/alice/1 190"]);
  assert.deepEqual(rows("bytes_out_total"), [], "nothing gained makes no row");
});

Deno.test("RuleStatsCache.record() counts the gains of rules it does not know, and shows them nowhere", () => {
  const { cache, record, rows } = open();
  record(EDGE, { ruleId: 1n, bytesIn: 1_000n }, { ruleId: 9n, bytesIn: 100n });
  record(OTHER, { ruleId: 1n, bytesIn: 10n });
  record(EDGE, { ruleId: 1n, bytesIn: 1_000n }, { ruleId: 9n, bytesIn: 100n });
  record(OTHER, { ruleId: 1n, bytesIn: 10n });
  record(OTHER, { ruleId: 1n, bytesIn: 11n });
  assert.equal(cache.get(9n), undefined);
  assert.equal(cache.get(1n)?.stats.bytesIn, 1_000n, "another client's rows change nothing");
  assert.deepEqual(rows("bytes_in_total").sort(), [
    "edge-01/_unknown/9 100",
    "edge-01/alice/1 1000",
    "edge-02/_unknown/1 11",
  ]);
  assert.deepEqual(rows("active_connections"), ["edge-01/alice/1 0"]);
});

Deno.test("RuleStatsCache.forget() drops the counters and gauges of a rule; byte totals stay", () => {
  const { cache, record, rows } = open();
  record(EDGE, { ruleId: 1n, bytesIn: 5n, dnsFailures: 2n, activeConnections: 3 });
  assert.deepEqual(rows("active_connections"), ["edge-01/alice/1 3"]);
  assert.deepEqual(rows("dns_failures_total"), ["edge-01/alice/1 2"]);
  cache.forget({ id: 1n, clientId: "C1", ownerId: "alice" });
  cache.forget({ id: 1n, clientId: "C1", ownerId: "alice" });
  assert.equal(cache.get(1n), undefined);
  assert.deepEqual(rows("active_connections"), []);
  assert.deepEqual(rows("dns_failures_total"), []);
  assert.deepEqual(rows("bytes_in_total"), ["edge-01/alice/1 5"]);
});
