/**
 * What was counted before this process: by the one whose place it took, and that still counts while
 * its connections end. Counters go on where those of the other process are, so whoever reads them
 * counts everything once.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import { REJECT_REASONS } from "../core/rate_limit.ts";
import {
  type ForwarderCounters,
  type PortCounters,
  type RateLimitCounters,
  RULE_ERRORS,
  type RuleCounters,
  type SniListenerCounters,
  type TargetCounters,
} from "./counters.ts";

const NOTHING: ForwarderCounters = { rules: [], sniListeners: [], owners: [] };

export class CarriedCounters {
  #carried: ForwarderCounters = NOTHING;
  readonly #rules = new Map<bigint, RuleCounters>();
  /** Rules that ended since: what their successors count begins at 0. */
  readonly #forgotten = new Set<bigint>();

  /** What the other process has counted until now; of rules that it leaves out, it is as before. */
  update(carried: ForwarderCounters): void {
    for (const rule of carried.rules) this.#rules.set(rule.ruleId, rule);
    this.#carried = { ...carried, rules: [...this.#rules.values()] };
  }

  /** A rule has ended. */
  forget(ruleId: bigint): void {
    this.#forgotten.add(ruleId);
  }

  /** The other process is gone, and with it what was open there. */
  end(): void {
    const { rules, sniListeners, owners } = this.#carried;
    this.update({
      rules: rules.map(ended),
      sniListeners,
      owners: owners.map(({ ownerId, rateLimit }) => ({
        ownerId,
        rateLimit: { ...rateLimit, activeConnections: 0 },
      })),
    });
  }

  /** What both have counted, of rules that this process runs. */
  addTo({ rules, sniListeners, owners }: ForwarderCounters): ForwarderCounters {
    if (this.#carried === NOTHING) return { rules, sniListeners, owners };
    const carried = (ruleId: bigint) =>
      this.#forgotten.has(ruleId) ? undefined : this.#rules.get(ruleId);
    const ports = new Map(this.#carried.sniListeners.map((port) => [port.listenPort, port]));
    const limits = new Map(this.#carried.owners.map((it) => [it.ownerId, it.rateLimit]));
    for (const { ownerId, rateLimit } of owners) {
      limits.set(ownerId, rateLimits(rateLimit, limits.get(ownerId) ?? null) ?? rateLimit);
    }
    return {
      rules: rules.map((rule) => summed(rule, carried(rule.ruleId), ruleSum)),
      sniListeners: sniListeners.map((it) => summed(it, ports.get(it.listenPort), sniSum)),
      owners: [...limits].map(([ownerId, rateLimit]) => ({ ownerId, rateLimit })),
    };
  }
}

/** `counters` as text. */
export function encodeCounters(counters: ForwarderCounters): string {
  return JSON.stringify(
    counters,
    (_key, value: unknown) => typeof value === "bigint" ? { bigint: `${value}` } : value,
  );
}

/** Leaves out the rules that are as they were `before`. */
export function changedSince(
  before: ForwarderCounters,
  { rules, ...rest }: ForwarderCounters,
): ForwarderCounters {
  const known = new Map(before.rules.map((rule) => [rule.ruleId, rule]));
  return {
    ...rest,
    rules: rules.filter((rule) => !isDeepStrictEqual(rule, known.get(rule.ruleId))),
  };
}

/** Reads what {@linkcode encodeCounters} wrote. @throws {SyntaxError} when it is something else */
export function decodeCounters(text: string): ForwarderCounters {
  const counters = JSON.parse(text, (_key, value: unknown) => {
    const isExact = typeof value === "object" && value !== null && "bigint" in value;
    return isExact ? BigInt(String(value.bigint)) : value;
  });
  if (!Array.isArray(counters?.rules)) throw new SyntaxError("Not counters");
  return counters;
}

/** The sum of two things of one kind, the second of which may not be there. */
function summed<T>(own: T, carried: T | undefined, sum: (own: T, carried: T) => T): T {
  return carried === undefined ? own : sum(own, carried);
}

function ruleSum(own: RuleCounters, carried: RuleCounters): RuleCounters {
  const { sniRoutes: routes } = carried;
  return {
    ...own,
    bytesIn: own.bytesIn + carried.bytesIn,
    bytesOut: own.bytesOut + carried.bytesOut,
    activeConnections: own.activeConnections + carried.activeConnections,
    connectionsTotal: own.connectionsTotal + carried.connectionsTotal,
    perPort: own.perPort.map((port) =>
      summed(port, carried.perPort.find((it) => it.listenPort === port.listenPort), portSum)
    ),
    dnsFailures: own.dnsFailures + carried.dnsFailures,
    datagramsIn: own.datagramsIn + carried.datagramsIn,
    datagramsOut: own.datagramsOut + carried.datagramsOut,
    activeFlows: own.activeFlows + carried.activeFlows,
    flowsDroppedOverflow: own.flowsDroppedOverflow + carried.flowsDroppedOverflow,
    targetFailovers: own.targetFailovers + carried.targetFailovers,
    perTarget: own.perTarget.map((target) =>
      summed(target, carried.perTarget.find((it) => isSameTarget(it, target)), targetSum)
    ),
    sniRoutes: {
      exact: own.sniRoutes.exact + routes.exact,
      wildcard: own.sniRoutes.wildcard + routes.wildcard,
      fallback: own.sniRoutes.fallback + routes.fallback,
    },
    rateLimit: rateLimits(own.rateLimit, carried.rateLimit),
    errors: sums(RULE_ERRORS, own.errors, carried.errors),
  };
}

function portSum(own: PortCounters, carried: PortCounters): PortCounters {
  return {
    listenPort: own.listenPort,
    bytesIn: own.bytesIn + carried.bytesIn,
    bytesOut: own.bytesOut + carried.bytesOut,
    activeConnections: own.activeConnections + carried.activeConnections,
    datagramsIn: own.datagramsIn + carried.datagramsIn,
    datagramsOut: own.datagramsOut + carried.datagramsOut,
  };
}

const isSameTarget = (a: TargetCounters, b: TargetCounters) =>
  a.index === b.index && a.host === b.host && a.port === b.port;

/** How a target is, this process knows by itself. */
function targetSum(own: TargetCounters, carried: TargetCounters): TargetCounters {
  return {
    ...own,
    bytesIn: own.bytesIn + carried.bytesIn,
    bytesOut: own.bytesOut + carried.bytesOut,
    connectionsAccepted: own.connectionsAccepted + carried.connectionsAccepted,
  };
}

function sniSum(own: SniListenerCounters, carried: SniListenerCounters): SniListenerCounters {
  return {
    listenPort: own.listenPort,
    misses: own.misses + carried.misses,
    parseFailures: own.parseFailures + carried.parseFailures,
    peekBuckets: own.peekBuckets.map((count, i) => count + (carried.peekBuckets[i] ?? 0n)),
    peekSumMicros: own.peekSumMicros + carried.peekSumMicros,
    peekCount: own.peekCount + carried.peekCount,
  };
}

function rateLimits(
  own: RateLimitCounters | null,
  carried: RateLimitCounters | null,
): RateLimitCounters | null {
  if (own === null || carried === null) return own ?? carried;
  return {
    rejects: sums(REJECT_REASONS, own.rejects, carried.rejects),
    throttleMicrosIn: own.throttleMicrosIn + carried.throttleMicrosIn,
    throttleMicrosOut: own.throttleMicrosOut + carried.throttleMicrosOut,
    activeConnections: own.activeConnections + carried.activeConnections,
  };
}

function sums<Name extends string>(
  names: readonly Name[],
  own: Readonly<Record<Name, bigint>>,
  carried: Readonly<Record<Name, bigint>>,
): Record<Name, bigint> {
  const entries = names.map((name) => [name, own[name] + (carried[name] ?? 0n)]);
  return Object.fromEntries(entries) as Record<Name, bigint>;
}

function ended(rule: RuleCounters): RuleCounters {
  return {
    ...rule,
    activeConnections: 0,
    activeFlows: 0,
    perPort: rule.perPort.map((port) => ({ ...port, activeConnections: 0 })),
    rateLimit: rule.rateLimit && { ...rule.rateLimit, activeConnections: 0 },
  };
}
