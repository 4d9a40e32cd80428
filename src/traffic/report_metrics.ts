/**
 * Turns the cumulative counters that clients report into metrics.
 *
 * @module
 */

import { counterGain } from "../core/counters.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { RejectReason } from "../core/rate_limit.ts";
import type { RuleLabels } from "../telemetry/rate_limit_metrics.ts";
import type { RuleGains } from "../telemetry/rule_metrics.ts";
import type { ListenerGains } from "../telemetry/sni_metrics.ts";
import {
  RateLimitRejectReason as WireReason,
  type RateLimitStats,
  type RuleStats,
  type SniListenerStats,
  type StatsReport,
} from "../wire/gen/portunus/v1/portunus_pb.ts";

/** The client that a report comes from, with the name it had when its session began. */
export interface Reporter {
  readonly clientId: string;
  readonly clientName: string;
}

/** A rule that is gone. */
export interface RemovedRule {
  readonly id: bigint;
  readonly clientId: string;
  readonly ownerId: string;
}

export interface ReportMetricsOptions {
  readonly metrics: Metrics;
  /** Owner of a rule, if the rule exists and belongs to that client. */
  readonly ownerOf: (ruleId: bigint, clientId: string) => string | undefined;
  /** The owners that have rules on a client. */
  readonly ownersOn: (clientId: string) => { has(ownerId: string): boolean };
}

/** Owner label of rules that the server does not know (any more). */
const UNKNOWN_OWNER = "_unknown";

/** A client's last report: what gains count from. */
interface Reported {
  readonly clientName: string;
  readonly rules: ReadonlyMap<bigint, RuleStats>;
  readonly listeners: ReadonlyMap<number, SniListenerStats>;
  readonly owners: ReadonlyMap<string, RateLimitStats>;
}

const NOTHING: Omit<Reported, "clientName"> = {
  rules: new Map(),
  listeners: new Map(),
  owners: new Map(),
};

export class ReportMetrics {
  readonly #options: ReportMetricsOptions;
  readonly #reported = new Map<string, Reported>();
  /** Labels under which each rule has rows. */
  readonly #labels = new Map<bigint, RuleLabels>();

  constructor(options: ReportMetricsOptions) {
    this.#options = options;
  }

  record(client: Reporter, report: StatsReport): void {
    const before = this.#reported.get(client.clientId);
    const now = read(client, report);
    this.#reported.set(client.clientId, now);
    // Rows of a client that was renamed, and of what it does not report any more.
    if (before) this.#retireMissing(before, now);
    for (const stats of now.rules.values()) {
      this.#recordRule(client, before?.rules.get(stats.ruleId), stats);
    }
    for (const [port, stats] of now.listeners) {
      const gains = listenerGains(before?.listeners.get(port), stats);
      this.#options.metrics.sniListeners.add(listenerLabels(now, port), gains);
    }
    const owners = this.#options.ownersOn(client.clientId);
    for (const [owner, stats] of now.owners) {
      if (!owners.has(owner)) continue;
      this.#recordLimits(ownerLabels(now, owner), before?.owners.get(owner), stats);
    }
  }

  /** To be called once the rule is gone, so that its owner may be as well. */
  forgetRule({ id, clientId, ownerId }: RemovedRule): void {
    const { metrics, ownersOn } = this.#options;
    const labels = this.#labels.get(id);
    this.#labels.delete(id);
    if (labels) metrics.rules.retire(labels);
    const reported = this.#reported.get(clientId);
    if (reported && !ownersOn(clientId).has(ownerId)) {
      metrics.rules.rateLimits.delete(ownerLabels(reported, ownerId));
    }
  }

  /** Forgets what a client reported beside its rules. */
  forgetClient(clientId: string): void {
    const reported = this.#reported.get(clientId);
    this.#reported.delete(clientId);
    if (reported) this.#retireMissing(reported, { ...NOTHING, clientName: reported.clientName });
  }

  #recordRule(client: Reporter, before: RuleStats | undefined, stats: RuleStats): void {
    const { metrics: { rules }, ownerOf } = this.#options;
    const owner = ownerOf(stats.ruleId, client.clientId);
    const labels = {
      client: client.clientName,
      owner: owner ?? UNKNOWN_OWNER,
      rule: `${stats.ruleId}`,
    };
    const gains = ruleGains(before, stats);
    if (owner === undefined) {
      if (hasGained(gains)) rules.addRetired(labels, gains);
      return;
    }
    this.#useLabels(stats.ruleId, labels);
    rules.add(labels, gains);
    rules.setActive(labels, { connections: stats.activeConnections, flows: stats.activeFlows });
    this.#recordLimits(labels, before?.rateLimit, stats.rateLimit);
  }

  #recordLimits(
    labels: RuleLabels,
    before: RateLimitStats | undefined,
    stats: RateLimitStats | undefined,
  ): void {
    const { rateLimits } = this.#options.metrics.rules;
    if (!stats) return rateLimits.clearActive(labels);
    const earlier = rejects(before);
    rateLimits.add(labels, {
      rejects: new Map(
        [...rejects(stats)].map((
          [reason, total],
        ) => [reason, counterGain(earlier.get(reason) ?? 0n, total)]),
      ),
      throttleMicrosIn: counterGain(before?.throttleMicrosIn ?? 0n, stats.throttleMicrosIn),
      throttleMicrosOut: counterGain(before?.throttleMicrosOut ?? 0n, stats.throttleMicrosOut),
    });
    rateLimits.setActive(labels, stats.activeConnections);
  }

  /** Retires the rows a rule had under other labels. */
  #useLabels(ruleId: bigint, labels: RuleLabels): void {
    const before = this.#labels.get(ruleId);
    if (before && (before.client !== labels.client || before.owner !== labels.owner)) {
      this.#options.metrics.rules.retire(before);
    }
    this.#labels.set(ruleId, labels);
  }

  #retireMissing(before: Reported, now: Reported): void {
    const { rules, sniListeners } = this.#options.metrics;
    const isRenamed = before.clientName !== now.clientName;
    for (const port of before.listeners.keys()) {
      if (!isRenamed && now.listeners.has(port)) continue;
      sniListeners.retire(listenerLabels(before, port));
    }
    for (const owner of before.owners.keys()) {
      if (!isRenamed && now.owners.has(owner)) continue;
      rules.rateLimits.delete(ownerLabels(before, owner));
    }
  }
}

function read(
  { clientName }: Reporter,
  { stats, sniListenerStats, ownerRateLimitStats }: StatsReport,
): Reported {
  return {
    clientName,
    rules: new Map(stats.map((it) => [it.ruleId, it])),
    listeners: new Map(sniListenerStats.map((it) => [it.listenPort, it])),
    owners: new Map(
      ownerRateLimitStats.flatMap(({ ownerId, stats }) => stats ? [[ownerId, stats]] : []),
    ),
  };
}

function listenerLabels({ clientName }: Reported, port: number) {
  return { client: clientName, port: `${port}` };
}

function ownerLabels({ clientName }: Reported, owner: string): RuleLabels {
  return { client: clientName, owner, rule: "" };
}

function ruleGains(before: RuleStats | undefined, now: RuleStats): RuleGains {
  const gain = (value: (stats: RuleStats) => bigint) =>
    counterGain(before ? value(before) : 0n, value(now));
  return {
    bytesIn: gain((it) => it.bytesIn),
    bytesOut: gain((it) => it.bytesOut),
    dnsFailures: gain((it) => it.dnsFailures),
    datagramsIn: gain((it) => it.datagramsIn),
    datagramsOut: gain((it) => it.datagramsOut),
    flowsDroppedOverflow: gain((it) => it.flowsDroppedOverflow),
    targetFailovers: gain((it) => it.targetFailoversTotal),
    sniRoutes: {
      exact: gain((it) => it.sniRouteExactTotal),
      wildcard: gain((it) => it.sniRouteWildcardTotal),
      fallback: gain((it) => it.sniRouteFallbackTotal),
    },
  };
}

function hasGained({ sniRoutes, ...counters }: RuleGains): boolean {
  return [...Object.values(counters), ...Object.values(sniRoutes)].some((gain) => gain > 0n);
}

/** A listener that started over has fewer peeks; its buckets are to start over with them. */
function listenerGains(
  before: SniListenerStats | undefined,
  now: SniListenerStats,
): ListenerGains {
  const base = before && before.clientHelloPeekCount <= now.clientHelloPeekCount ? before : null;
  return {
    misses: counterGain(before?.sniRouteMissTotal ?? 0n, now.sniRouteMissTotal),
    parseFailures: counterGain(
      before?.clientHelloParseFailuresTotal ?? 0n,
      now.clientHelloParseFailuresTotal,
    ),
    peekBuckets: now.clientHelloPeekBucketCounts.map((count, index) =>
      counterGain(base?.clientHelloPeekBucketCounts[index] ?? 0n, count)
    ),
    peekMicros: counterGain(base?.clientHelloPeekSumMicros ?? 0n, now.clientHelloPeekSumMicros),
    peeks: counterGain(base?.clientHelloPeekCount ?? 0n, now.clientHelloPeekCount),
  };
}

const REASON_OF_WIRE: ReadonlyMap<WireReason, RejectReason> = new Map([
  [WireReason.CONN_CONCURRENT, "conn_concurrent"],
  [WireReason.CONN_RATE, "conn_rate"],
  [WireReason.UDP_FLOW_RATE, "udp_flow_rate"],
  [WireReason.OWNER_CONCURRENT, "owner_concurrent"],
  [WireReason.OWNER_CONN_RATE, "owner_conn_rate"],
  [WireReason.OWNER_UDP_FLOW_RATE, "owner_udp_flow_rate"],
]);

/** Refusals by reason; reasons of newer clients are left out. */
function rejects(stats: RateLimitStats | undefined): Map<RejectReason, bigint> {
  return new Map(
    stats?.rejectTotal.flatMap(({ reason, total }) => {
      const name = REASON_OF_WIRE.get(reason);
      return name ? [[name, total] as const] : [];
    }),
  );
}
