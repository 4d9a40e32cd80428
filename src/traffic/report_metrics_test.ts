import assert from "node:assert/strict";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { readExposition } from "../../tests/kit/exposition.ts";
import { Metrics } from "../telemetry/metrics.ts";
import {
  RateLimitRejectReason,
  type StatsReport,
  StatsReportSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import { ReportMetrics } from "./report_metrics.ts";

const EDGE = { clientId: "C1", clientName: "edge-01" };

type ReportInit = Omit<MessageInitShape<typeof StatsReportSchema>, "$typeName">;

/** Every rule that `rules` holds is alice's, on edge C1. */
function open(rules = new Set([1n])) {
  const metrics = new Metrics();
  const reports = new ReportMetrics({
    metrics,
    ownerOf: (id, clientId) => clientId === "C1" && rules.has(id) ? "alice" : undefined,
    ownersOn: (clientId) => new Set(clientId === "C1" && rules.size > 0 ? ["alice"] : []),
  });
  const unlabelled = new Set(readExposition(metrics.render()).keys());
  return {
    rules,
    metrics,
    reports,
    report: (init: ReportInit, client = EDGE) => reports.record(client, reportOf(init)),
    remove(id: bigint) {
      rules.delete(id);
      reports.forgetRule({ id, clientId: "C1", ownerId: "alice" });
    },
    /** Rows with labels, without the prefix of their names. */
    rows: () =>
      [...readExposition(metrics.render())].filter(([name]) => !unlabelled.has(name))
        .map(([name, value]) => `${name.replace("portunus_", "")} ${value}`),
  };
}

function reportOf(init: ReportInit): StatsReport {
  return create(StatsReportSchema, init);
}

const LABELS = 'client="edge-01",owner="alice",rule="1"';

Deno.test("ReportMetrics.record() counts gains, and everything again that a counter which fell has", () => {
  const { report, rows } = open();
  const udp = (n: bigint, active: number) => ({
    ruleId: 1n,
    bytesIn: 10n * n,
    datagramsIn: n,
    datagramsOut: 2n * n,
    activeFlows: active,
    flowsDroppedOverflow: n,
    targetFailoversTotal: n,
    sniRouteExactTotal: n,
    sniRouteFallbackTotal: n,
  });
  report({ stats: [udp(5n, 3)] });
  report({ stats: [udp(7n, 2)] });
  report({ stats: [udp(1n, 1)] });
  assert.deepEqual(rows(), [
    `rule_active_connections{${LABELS}} 0`,
    `rule_active_flows{${LABELS}} 1`,
    `rule_bytes_in_total{${LABELS}} 80`,
    `rule_flows_dropped_overflow_total{${LABELS}} 8`,
    `rule_target_failovers_total{${LABELS}} 8`,
    `rule_udp_datagrams_in_total{${LABELS}} 8`,
    `rule_udp_datagrams_out_total{${LABELS}} 16`,
    'tls_sni_route_total{client="edge-01",owner="alice",result="exact",rule="1"} 8',
    'tls_sni_route_total{client="edge-01",owner="alice",result="fallback",rule="1"} 8',
  ]);
});

Deno.test("ReportMetrics.record() counts what caps refuse, of rules and of owners who have rules there", () => {
  const { report, rows, remove } = open();
  const caps = (total: bigint) => ({
    rejectTotal: [
      { reason: RateLimitRejectReason.CONN_RATE, total },
      { reason: 99 as RateLimitRejectReason, total },
    ],
    throttleMicrosOut: total * 250_000n,
    activeConnections: 4,
  });
  const stats = (rateLimit?: ReturnType<typeof caps>) => [{ ruleId: 1n, rateLimit }];
  report({
    stats: stats(caps(2n)),
    ownerRateLimitStats: [{ ownerId: "alice", stats: caps(1n) }, {
      ownerId: "nobody",
      stats: caps(9n),
    }],
  });
  report({ stats: stats(caps(3n)), ownerRateLimitStats: [{ ownerId: "alice", stats: caps(1n) }] });
  const limits = () => rows().filter((row) => row.startsWith("rate_limit"));
  assert.deepEqual(limits(), [
    `rate_limit_active_connections{${LABELS}} 4`,
    'rate_limit_active_connections{client="edge-01",owner="alice",rule=""} 4',
    'rate_limit_reject_total{client="edge-01",owner="alice",reason="conn_rate",rule="1"} 3',
    'rate_limit_reject_total{client="edge-01",owner="alice",reason="conn_rate",rule=""} 1',
    'rate_limit_throttle_seconds_total{client="edge-01",direction="out",owner="alice",rule="1"} 0.75',
    'rate_limit_throttle_seconds_total{client="edge-01",direction="out",owner="alice",rule=""} 0.25',
  ]);
  report({ stats: stats(), ownerRateLimitStats: [{ ownerId: "alice", stats: caps(1n) }] });
  assert.equal(limits()[0], `rate_limit_active_connections{${LABELS}} 0`, "nothing is zero");
  remove(1n);
  assert.deepEqual(limits(), [], "the owner's rows go with the last rule");
});

Deno.test("ReportMetrics.record() counts listeners, their buckets from zero when they started over", () => {
  const { report, rows } = open();
  const listener = (count: bigint, misses: bigint) => ({
    sniListenerStats: [{
      listenPort: 443,
      sniRouteMissTotal: misses,
      clientHelloParseFailuresTotal: 0n,
      clientHelloPeekBucketCounts: [...Array(14).fill(0n), count - 1n],
      clientHelloPeekSumMicros: count * 500_000n,
      clientHelloPeekCount: count,
    }],
  });
  report(listener(4n, 1n));
  report(listener(5n, 1n));
  report(listener(3n, 2n));
  assert.deepEqual(rows(), [
    'tls_client_hello_peek_duration_seconds_bucket{client="edge-01",le="3",port="443"} 6',
    'tls_client_hello_peek_duration_seconds_bucket{client="edge-01",le="+Inf",port="443"} 8',
    'tls_client_hello_peek_duration_seconds_count{client="edge-01",port="443"} 8',
    'tls_client_hello_peek_duration_seconds_sum{client="edge-01",port="443"} 4',
    'tls_sni_listener_miss_total{client="edge-01",port="443"} 2',
  ]);
});

Deno.test("ReportMetrics.record() moves the gauges of a renamed client, and its totals count on", () => {
  const { report, rows } = open();
  report({ stats: [{ ruleId: 1n, bytesIn: 5n, dnsFailures: 1n, activeConnections: 2 }] });
  report({ stats: [{ ruleId: 1n, bytesIn: 7n, dnsFailures: 1n, activeConnections: 3 }] }, {
    ...EDGE,
    clientName: "renamed",
  });
  assert.deepEqual(rows(), [
    'rule_active_connections{client="renamed",owner="alice",rule="1"} 3',
    'rule_active_flows{client="renamed",owner="alice",rule="1"} 0',
    `rule_bytes_in_total{${LABELS}} 5`,
    'rule_bytes_in_total{client="renamed",owner="alice",rule="1"} 2',
  ]);
});

Deno.test("ReportMetrics keeps a bounded number of rows when 1,000 rules come and go", () => {
  const { metrics, rules, report, remove } = open(new Set());
  const before = metrics.size;
  let most = 0;
  for (let id = 1n; id <= 1_000n; id++) {
    rules.add(id);
    report({
      stats: [{
        ruleId: id,
        bytesIn: 1n,
        bytesOut: 1n,
        datagramsIn: 1n,
        dnsFailures: 1n,
        sniRouteExactTotal: 1n,
        rateLimit: { rejectTotal: [{ reason: RateLimitRejectReason.CONN_RATE, total: 1n }] },
      }],
      sniListenerStats: [{ listenPort: Number(id), sniRouteMissTotal: 1n }],
      ownerRateLimitStats: [{ ownerId: "alice", stats: { activeConnections: 1 } }],
    });
    remove(id);
    report({ stats: [{ ruleId: id, bytesIn: 2n }] });
    most = Math.max(most, metrics.size);
  }
  // Bytes in and out, and routes by name, of the rules; a late row of each; a miss of the listeners.
  assert.ok(most - before < 256 * 5, `${most} rows`);
  readExposition(metrics.render());
});

Deno.test("ReportMetrics.forgetClient() counts from zero for a client that comes again", () => {
  const { report, reports, rows } = open();
  report({ stats: [{ ruleId: 1n, bytesIn: 5n }] });
  reports.forgetClient("C1");
  report({ stats: [{ ruleId: 1n, bytesIn: 6n }] });
  assert.ok(rows().includes(`rule_bytes_in_total{${LABELS}} 11`), rows().join("\n"));
});
