import assert from "node:assert/strict";
import { readExposition } from "../../tests/kit/exposition.ts";
import { Metrics } from "./metrics.ts";
import { PEEK_BOUNDS } from "./sni_metrics.ts";

const LABELS = { rule: "0", owner: "alice", client: "edge-01" };

const NO_GAINS = {
  bytesIn: 0n,
  bytesOut: 0n,
  dnsFailures: 0n,
  datagramsIn: 0n,
  datagramsOut: 0n,
  flowsDroppedOverflow: 0n,
  targetFailovers: 0n,
  sniRoutes: { exact: 0n, wildcard: 0n, fallback: 0n },
};

const EVERY_GAIN = {
  bytesIn: 2n ** 53n + 1n,
  bytesOut: 2n,
  dnsFailures: 3n,
  datagramsIn: 4n,
  datagramsOut: 5n,
  flowsDroppedOverflow: 6n,
  targetFailovers: 7n,
  sniRoutes: { exact: 8n, wildcard: 9n, fallback: 10n },
};

const QUOTA = {
  clientName: "edge-01",
  userId: "alice",
  monthlyBytes: 10n,
  bytesUsed: 11n,
  exhaustedAt: 1n,
};

/** Everything there is, once. */
function everything(): Metrics {
  const metrics = new Metrics();
  metrics.authFailure("token_revoked");
  metrics.operatorRequest("allow", "ok");
  metrics.setAuditLag(0.125);
  metrics.storeBusy();
  metrics.auditDropped();
  metrics.setClientsConnected(2);
  metrics.setSniRoutesActive(3);
  metrics.setQuota(QUOTA);
  metrics.quotaReset(QUOTA);
  metrics.quotaExhausted(QUOTA);
  metrics.rules.add(LABELS, EVERY_GAIN);
  metrics.rules.setActive(LABELS, { connections: 3, flows: 4 });
  metrics.rules.rateLimits.add(LABELS, {
    rejects: new Map([["conn_rate", 1n], ["owner_concurrent", 0n]]),
    throttleMicrosIn: 1_500_000n,
    throttleMicrosOut: 0n,
  });
  metrics.rules.rateLimits.setActive(LABELS, 5);
  metrics.sniListeners.add({ client: "edge-01", port: "443" }, {
    misses: 1n,
    parseFailures: 2n,
    peekBuckets: PEEK_BOUNDS.map((_, index) => index < 13 ? 0n : 1n),
    peekMicros: 1_000_001n,
    peeks: 2n,
  });
  return metrics;
}

Deno.test("Metrics.render() has unlabelled metrics from the start and leaves out families without samples", () => {
  assert.deepEqual([...readExposition(new Metrics().render())], [
    ["portunus_audit_buffer_drops_total", "0"],
    ["portunus_audit_durable_writer_lag_seconds", "0"],
    ["portunus_clients_connected", "0"],
    ["portunus_store_busy_total", "0"],
    ["portunus_tls_sni_routes_active", "0"],
  ]);
});

Deno.test("Metrics.render() writes every family as 3.1.0 does, counters exactly", () => {
  const text = everything().render();
  readExposition(text);
  const withoutHelp = text.replace(/^# HELP .*\n/gm, "");
  assert.equal(
    withoutHelp,
    Deno.readTextFileSync(new URL("testdata/metrics.txt", import.meta.url)),
  );
});

Deno.test("Metrics.render() escapes label values", () => {
  const metrics = new Metrics();
  metrics.rules.setActive({ ...LABELS, client: `a"b\\c\nd` }, { connections: 1, flows: 0 });
  readExposition(metrics.render());
  assert.match(metrics.render(), /\{client="a\\"b\\\\c\\nd",owner=/);
});

Deno.test("RuleMetrics.retire() keeps the totals of so many rules, and nothing of those before", () => {
  const metrics = new Metrics();
  const base = metrics.size;
  for (let rule = 0; rule < 1_000; rule++) {
    const labels = { ...LABELS, rule: `${rule}` };
    metrics.rules.add(labels, EVERY_GAIN);
    metrics.rules.setActive(labels, { connections: 1, flows: 1 });
    metrics.rules.retire(labels);
  }
  assert.equal(metrics.size, base + 256 * 5, "bytes in and out, three ways of SNI");
  const samples = readExposition(metrics.render());
  const row = (rule: number) =>
    samples.get(`portunus_rule_bytes_in_total{client="edge-01",owner="alice",rule="${rule}"}`);
  assert.equal(row(743), undefined);
  assert.equal(row(744), `${2n ** 53n + 1n}`);
});

Deno.test("RuleMetrics.add() takes a retired rule back into use", () => {
  const metrics = new Metrics();
  metrics.rules.add(LABELS, EVERY_GAIN);
  metrics.rules.retire(LABELS);
  metrics.rules.add(LABELS, { ...NO_GAINS, bytesOut: 1n });
  for (let rule = 1; rule < 1_000; rule++) {
    metrics.rules.addRetired({ ...LABELS, rule: `${rule}` }, EVERY_GAIN);
  }
  const samples = readExposition(metrics.render());
  assert.equal(
    samples.get('portunus_rule_bytes_out_total{client="edge-01",owner="alice",rule="0"}'),
    "3",
  );
});
