/**
 * Counters of the data plane as the server wants them. What is not in the wire's messages, such as
 * a rule's local error counters, stays here.
 *
 * @module
 */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { REJECT_REASONS } from "../core/rate_limit.ts";
import {
  type ForwarderCounters,
  type RateLimitCounters,
  type RuleCounters,
  type TargetCounters,
} from "../forward/counters.ts";
import {
  type ClientMessage,
  ClientMessageSchema,
  type PerTargetStatsSchema,
  type RateLimitStatsSchema,
  type RuleStatsSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";

/** The report of everything that is counted, or `null` when there is nothing to report on. */
export function statsReport(nowMs: number, counters: ForwarderCounters): ClientMessage | null {
  const { rules, sniListeners, owners } = counters;
  if (rules.length === 0 && sniListeners.length === 0) return null;
  return create(ClientMessageSchema, {
    payload: {
      case: "statsReport",
      value: {
        sentAtUnixMs: BigInt(nowMs),
        stats: rules.map(ruleStats),
        sniListenerStats: sniListeners.map((it) => ({
          listenPort: it.listenPort,
          sniRouteMissTotal: it.misses,
          clientHelloParseFailuresTotal: it.parseFailures,
          clientHelloPeekBucketCounts: [...it.peekBuckets],
          clientHelloPeekSumMicros: it.peekSumMicros,
          clientHelloPeekCount: it.peekCount,
        })),
        ownerRateLimitStats: owners.filter((it) => didAnything(it.rateLimit)).map((
          { ownerId, rateLimit },
        ) => ({
          ownerId,
          stats: rateLimitStats(rateLimit),
        })),
      },
    },
  });
}

function ruleStats(rule: RuleCounters): MessageInitShape<typeof RuleStatsSchema> {
  return {
    ruleId: rule.ruleId,
    bytesIn: rule.bytesIn,
    bytesOut: rule.bytesOut,
    activeConnections: rule.activeConnections,
    perPort: rule.perPort.map((port) => ({ ...port })),
    dnsFailures: rule.dnsFailures,
    datagramsIn: rule.datagramsIn,
    datagramsOut: rule.datagramsOut,
    activeFlows: rule.activeFlows,
    flowsDroppedOverflow: rule.flowsDroppedOverflow,
    targetFailoversTotal: rule.targetFailovers,
    perTarget: rule.perTarget.map(targetStats),
    sniRouteExactTotal: rule.sniRoutes.exact,
    sniRouteWildcardTotal: rule.sniRoutes.wildcard,
    sniRouteFallbackTotal: rule.sniRoutes.fallback,
    ...(didAnything(rule.rateLimit) && { rateLimit: rateLimitStats(rule.rateLimit) }),
  };
}

function targetStats(target: TargetCounters): MessageInitShape<typeof PerTargetStatsSchema> {
  const { health, lastFailureAtMs, lastSuccessAtMs, ...same } = target;
  return {
    ...same,
    health: health === "healthy" ? 0 : 1,
    lastFailureAtUnixMs: BigInt(lastFailureAtMs ?? 0),
    lastSuccessAtUnixMs: BigInt(lastSuccessAtMs ?? 0),
  };
}

/** Whether there is something to say of caps: a message of zeros would be bytes for nothing. */
function didAnything(counters: RateLimitCounters | null): counters is RateLimitCounters {
  if (counters === null) return false;
  const { rejects, throttleMicrosIn, throttleMicrosOut, activeConnections } = counters;
  return activeConnections > 0 || throttleMicrosIn > 0n || throttleMicrosOut > 0n ||
    REJECT_REASONS.some((name) => rejects[name] > 0n);
}

function rateLimitStats(
  counters: RateLimitCounters,
): MessageInitShape<typeof RateLimitStatsSchema> {
  return {
    rejectTotal: REJECT_REASONS.flatMap((name, index) => {
      const total = counters.rejects[name];
      return total === 0n ? [] : [{ reason: index + 1, total }];
    }),
    throttleMicrosIn: counters.throttleMicrosIn,
    throttleMicrosOut: counters.throttleMicrosOut,
    activeConnections: counters.activeConnections,
  };
}
