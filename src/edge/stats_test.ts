import assert from "node:assert/strict";
import { toJson } from "@bufbuild/protobuf";
import {
  noErrors,
  noRuleCounters,
  type RateLimitCounters,
  type RuleCounters,
} from "../forward/counters.ts";
import { ClientMessageSchema } from "../wire/gen/portunus/v1/portunus_pb.ts";
import { statsReport } from "./stats.ts";

const noRejects = {
  conn_concurrent: 0n,
  conn_rate: 0n,
  udp_flow_rate: 0n,
  owner_concurrent: 0n,
  owner_conn_rate: 0n,
  owner_udp_flow_rate: 0n,
};

const reportJson = (counters: Parameters<typeof statsReport>[1]) => {
  const report = statsReport(1_778_148_000_123, counters) ?? assert.fail("nothing to report");
  return (toJson(ClientMessageSchema, report) as { readonly statsReport: unknown }).statsReport;
};

Deno.test("statsReport() is null when nothing runs, owners or not", () => {
  const rateLimit = {
    rejects: { ...noRejects, owner_concurrent: 1n },
    throttleMicrosIn: 0n,
    throttleMicrosOut: 0n,
    activeConnections: 0,
  };
  const owners = [{ ownerId: "alice", rateLimit }];
  assert.equal(statsReport(1, { rules: [], sniListeners: [], owners }), null);
});

const ruleRateLimit: RateLimitCounters = {
  rejects: { ...noRejects, conn_rate: 2n, owner_udp_flow_rate: 6n },
  throttleMicrosIn: 100n,
  throttleMicrosOut: 200n,
  activeConnections: 3,
};
/** A rule to which everything has happened. */
const busyRule: RuleCounters = {
  ruleId: 7n,
  bytesIn: 2n ** 64n - 1n,
  bytesOut: 5n,
  activeConnections: 6,
  connectionsTotal: 99n,
  perPort: [{
    listenPort: 1,
    bytesIn: 1n,
    bytesOut: 2n,
    activeConnections: 3,
    datagramsIn: 4n,
    datagramsOut: 5n,
  }],
  dnsFailures: 7n,
  datagramsIn: 8n,
  datagramsOut: 9n,
  activeFlows: 10,
  flowsDroppedOverflow: 11n,
  targetFailovers: 12n,
  perTarget: [{
    index: 1,
    host: "b.local",
    port: 443,
    priority: 5,
    health: "failed",
    consecutiveFailures: 4,
    lastFailureAtMs: 1_778_148_000_000,
    lastSuccessAtMs: null,
    bytesIn: 13n,
    bytesOut: 14n,
    connectionsAccepted: 15n,
  }],
  sniRoutes: { exact: 16n, wildcard: 17n, fallback: 18n },
  rateLimit: ruleRateLimit,
  errors: { ...noErrors(), emsgsize: 1n },
};

const busyRuleJson = {
  ruleId: "7",
  bytesIn: "18446744073709551615",
  bytesOut: "5",
  activeConnections: 6,
  perPort: [{
    listenPort: 1,
    bytesIn: "1",
    bytesOut: "2",
    activeConnections: 3,
    datagramsIn: "4",
    datagramsOut: "5",
  }],
  dnsFailures: "7",
  datagramsIn: "8",
  datagramsOut: "9",
  activeFlows: 10,
  flowsDroppedOverflow: "11",
  targetFailoversTotal: "12",
  perTarget: [{
    index: 1,
    host: "b.local",
    port: 443,
    priority: 5,
    health: 1,
    consecutiveFailures: 4,
    lastFailureAtUnixMs: "1778148000000",
    bytesIn: "13",
    bytesOut: "14",
    connectionsAccepted: "15",
  }],
  sniRouteExactTotal: "16",
  sniRouteWildcardTotal: "17",
  sniRouteFallbackTotal: "18",
  rateLimit: {
    rejectTotal: [
      { reason: "RATE_LIMIT_REJECT_REASON_CONN_RATE", total: "2" },
      { reason: "RATE_LIMIT_REJECT_REASON_OWNER_UDP_FLOW_RATE", total: "6" },
    ],
    throttleMicrosIn: "100",
    throttleMicrosOut: "200",
    activeConnections: 3,
  },
};

Deno.test("statsReport() carries every counter of a rule exactly, and no local ones", () => {
  assert.deepEqual(reportJson({ rules: [busyRule], sniListeners: [], owners: [] }), {
    sentAtUnixMs: "1778148000123",
    stats: [busyRuleJson],
  });
});

Deno.test("statsReport() carries listeners shared by server name, and owners", () => {
  const counters = {
    rules: [noRuleCounters(0n)],
    sniListeners: [{
      listenPort: 443,
      misses: 1n,
      parseFailures: 2n,
      peekBuckets: [1n, 3n],
      peekSumMicros: 4n,
      peekCount: 5n,
    }],
    owners: [{
      ownerId: "alice",
      rateLimit: {
        rejects: { ...noRejects, owner_concurrent: 1n },
        throttleMicrosIn: 0n,
        throttleMicrosOut: 0n,
        activeConnections: 2,
      },
    }],
  };
  assert.deepEqual(reportJson(counters), {
    sentAtUnixMs: "1778148000123",
    stats: [{}],
    sniListenerStats: [{
      listenPort: 443,
      sniRouteMissTotal: "1",
      clientHelloParseFailuresTotal: "2",
      clientHelloPeekBucketCounts: ["1", "3"],
      clientHelloPeekSumMicros: "4",
      clientHelloPeekCount: "5",
    }],
    ownerRateLimitStats: [{
      ownerId: "alice",
      stats: {
        rejectTotal: [{ reason: "RATE_LIMIT_REJECT_REASON_OWNER_CONCURRENT", total: "1" }],
        activeConnections: 2,
      },
    }],
  });
});

Deno.test("statsReport() says nothing of caps that did nothing, or let in what has ended", () => {
  const rateLimit = {
    rejects: noRejects,
    throttleMicrosIn: 0n,
    throttleMicrosOut: 0n,
    activeConnections: 0,
  };
  const owners = [{ ownerId: "alice", rateLimit }];
  const rules = [{ ...noRuleCounters(1n), rateLimit }];
  assert.deepEqual(reportJson({ rules, sniListeners: [], owners }), {
    sentAtUnixMs: "1778148000123",
    stats: [{ ruleId: "1" }],
  });
  for (
    const change of [{ activeConnections: 1 }, { throttleMicrosIn: 1n }, { throttleMicrosOut: 1n }]
  ) {
    const json = reportJson({
      rules: [{ ...noRuleCounters(1n), rateLimit: { ...rateLimit, ...change } }],
      sniListeners: [],
      owners: [],
    }) as { readonly stats: readonly [{ readonly rateLimit?: unknown }] };
    assert.ok(json.stats[0].rateLimit);
  }
});

Deno.test("statsReport() has all SNI listeners, idle ones and those without a rule of their own too", () => {
  const idle = {
    misses: 0n,
    parseFailures: 0n,
    peekBuckets: [0n, 0n],
    peekSumMicros: 0n,
    peekCount: 0n,
  };
  const sniListeners = [{ listenPort: 443, ...idle }, { listenPort: 8443, ...idle }];
  assert.deepEqual(reportJson({ rules: [], sniListeners, owners: [] }), {
    sentAtUnixMs: "1778148000123",
    sniListenerStats: [443, 8443].map((listenPort) => ({
      listenPort,
      clientHelloPeekBucketCounts: ["0", "0"],
    })),
  });
});
