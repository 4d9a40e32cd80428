/**
 * What a data plane counts. Counters only grow while a rule is open; `active*` are gauges.
 *
 * @module
 */

import type { RejectReason } from "../core/rate_limit.ts";

/** Counters of one listen port. */
export interface PortCounters {
  readonly listenPort: number;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
  readonly activeConnections: number;
  readonly datagramsIn: bigint;
  readonly datagramsOut: bigint;
}

/** State and counters of one entry of a rule's `targets`. Times are Unix milliseconds. */
export interface TargetCounters {
  /** Place in the list as it was given, from 0. */
  readonly index: number;
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly health: "healthy" | "failed";
  readonly consecutiveFailures: number;
  readonly lastFailureAtMs: number | null;
  readonly lastSuccessAtMs: number | null;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
  readonly connectionsAccepted: bigint;
}

/** What caps did, to a rule or to everything of an owner. */
export interface RateLimitCounters {
  readonly rejects: Readonly<Record<RejectReason, bigint>>;
  /** Microseconds that copying waited for tokens. */
  readonly throttleMicrosIn: bigint;
  readonly throttleMicrosOut: bigint;
  /** Admitted connections and flows that have not ended. */
  readonly activeConnections: number;
}

/** How often a rule was chosen on a port shared by server name. */
export interface SniRouteCounters {
  readonly exact: bigint;
  readonly wildcard: bigint;
  readonly fallback: bigint;
}

/** What went wrong with a rule, for the operator of this host only: not on the wire. */
export const RULE_ERRORS = [
  "port_in_use",
  "upstream_connect_failed",
  "icmp_evict",
  "emsgsize",
  "wouldblock",
  "addflow_dropped",
  "flows_pending_drops",
  "bandwidth_dropped_in",
  "bandwidth_dropped_out",
  "send_dropped",
] as const;
export type RuleError = typeof RULE_ERRORS[number];

/** Counters of one rule, since it was opened. */
export interface RuleCounters {
  readonly ruleId: bigint;
  /** Payload bytes from the outside to the target, counted once written to the target. */
  readonly bytesIn: bigint;
  /** Payload bytes from the target to the outside, counted once written there. */
  readonly bytesOut: bigint;
  readonly activeConnections: number;
  /** TCP connections that were let in. */
  readonly connectionsTotal: bigint;
  /** One entry per listen port, ascending; empty unless the rule spans more than one. */
  readonly perPort: readonly PortCounters[];
  readonly dnsFailures: bigint;
  readonly datagramsIn: bigint;
  readonly datagramsOut: bigint;
  readonly activeFlows: number;
  readonly flowsDroppedOverflow: bigint;
  /** Changes of a target's health, both ways. */
  readonly targetFailovers: bigint;
  /** One entry per element of the rule's `targets`, in their order. */
  readonly perTarget: readonly TargetCounters[];
  readonly sniRoutes: SniRouteCounters;
  /** `null` until a cap turned something away, slowed something down, or let something in. */
  readonly rateLimit: RateLimitCounters | null;
  readonly errors: Readonly<Record<RuleError, bigint>>;
}

/**
 * Finite bounds, in seconds, of the histogram of the time it takes to read a ClientHello; what
 * took longer counts in sum and count only.
 */
export const PEEK_BOUNDS_SECS = [
  0.0001,
  0.00025,
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2,
  3,
] as const;

/** Counters of a port that several rules share by server name, for as long as any of them does. */
export interface SniListenerCounters {
  readonly listenPort: number;
  readonly misses: bigint;
  readonly parseFailures: bigint;
  /** Cumulative: entry `i` counts every observation up to `PEEK_BOUNDS_SECS[i]`. */
  readonly peekBuckets: readonly bigint[];
  readonly peekSumMicros: bigint;
  readonly peekCount: bigint;
}

/** What the caps of an owner did, since the data plane was made. */
export interface OwnerCounters {
  readonly ownerId: string;
  readonly rateLimit: RateLimitCounters;
}

/** Everything at one moment. Nothing is in a particular order. */
export interface ForwarderCounters {
  readonly rules: readonly RuleCounters[];
  readonly sniListeners: readonly SniListenerCounters[];
  /** Owners whose caps did something. */
  readonly owners: readonly OwnerCounters[];
}

/** The counters of a rule that nothing has happened to yet. */
export function noRuleCounters(ruleId: bigint): RuleCounters {
  return {
    ruleId,
    bytesIn: 0n,
    bytesOut: 0n,
    activeConnections: 0,
    connectionsTotal: 0n,
    perPort: [],
    dnsFailures: 0n,
    datagramsIn: 0n,
    datagramsOut: 0n,
    activeFlows: 0,
    flowsDroppedOverflow: 0n,
    targetFailovers: 0n,
    perTarget: [],
    sniRoutes: { exact: 0n, wildcard: 0n, fallback: 0n },
    rateLimit: null,
    errors: noErrors(),
  };
}

/** Every error of a rule, none of which has happened. */
export function noErrors(): Record<RuleError, bigint> {
  return Object.fromEntries(RULE_ERRORS.map((name) => [name, 0n])) as Record<RuleError, bigint>;
}
