/**
 * The latest counters of every rule, as its client reported them.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { RuleStats, StatsReport } from "../wire/gen/portunus/v1/portunus_pb.ts";

/** One rule's counters and when they came in. */
export interface RuleStatsSnapshot {
  readonly clientName: string;
  readonly stats: RuleStats;
  readonly updatedAt: Temporal.Instant;
}

/** Owner label of rules that the server does not know (any more). */
export const UNKNOWN_OWNER = "_unknown";

export interface RuleStatsOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Owner of a rule, if the rule exists and belongs to that client. */
  readonly ownerOf: (ruleId: bigint, clientId: string) => string | undefined;
}

/** Somebody who follows a rule's counters. */
export interface StatsListener {
  /** New counters have come in. */
  next(snapshot: RuleStatsSnapshot): void;
  /** The rule is gone. */
  end(): void;
}

export class RuleStatsCache {
  readonly #options: RuleStatsOptions;
  readonly #latest = new Map<bigint, RuleStatsSnapshot>();
  /** The counters of each client's last report, rules of others included: what gains count from. */
  readonly #reported = new Map<string, ReadonlyMap<bigint, RuleStats>>();

  readonly #listeners = new Map<bigint, Set<StatsListener>>();

  constructor(options: RuleStatsOptions) {
    this.#options = options;
  }

  get(ruleId: bigint): RuleStatsSnapshot | undefined {
    return this.#latest.get(ruleId);
  }

  /** Tells `listener` of every report for the rule until the handle is disposed. */
  subscribe(ruleId: bigint, listener: StatsListener): Disposable {
    const listeners = this.#listeners.get(ruleId) ?? new Set();
    this.#listeners.set(ruleId, listeners.add(listener));
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.#listeners.get(ruleId) === listeners) {
          this.#listeners.delete(ruleId);
        }
      },
    };
  }

  /** Takes in a client's report. Rows of rules that are not that client's are counted, not kept. */
  record(
    client: { readonly clientId: string; readonly clientName: string },
    report: StatsReport,
  ): void {
    const { clock, metrics, ownerOf } = this.#options;
    const updatedAt = Temporal.Instant.fromEpochMilliseconds(clock.now());
    const reported = this.#reported.get(client.clientId);
    this.#reported.set(client.clientId, new Map(report.stats.map((it) => [it.ruleId, it])));
    for (const stats of report.stats) {
      const owner = ownerOf(stats.ruleId, client.clientId);
      const labels = {
        client: client.clientName,
        rule: `${stats.ruleId}`,
        owner: owner ?? UNKNOWN_OWNER,
      };
      const before = reported?.get(stats.ruleId);
      metrics.ruleTraffic(labels, {
        bytesIn: increase(before?.bytesIn, stats.bytesIn),
        bytesOut: increase(before?.bytesOut, stats.bytesOut),
        dnsFailures: increase(before?.dnsFailures, stats.dnsFailures),
      });
      if (owner === undefined) continue;
      metrics.setActiveConnections(labels, stats.activeConnections);
      const snapshot = { clientName: client.clientName, stats, updatedAt };
      this.#latest.set(stats.ruleId, snapshot);
      for (const listener of this.#listeners.get(stats.ruleId) ?? []) listener.next(snapshot);
    }
  }

  /** Drops what is known of a removed rule. */
  forget(rule: { readonly id: bigint; readonly ownerId: string | null }): void {
    for (const listener of this.#listeners.get(rule.id) ?? []) listener.end();
    this.#listeners.delete(rule.id);
    const client = this.#latest.get(rule.id)?.clientName;
    this.#latest.delete(rule.id);
    if (client === undefined) return;
    this.#options.metrics.forgetRule({
      client,
      rule: `${rule.id}`,
      owner: rule.ownerId ?? UNKNOWN_OWNER,
    });
  }
}

/** What a cumulative counter gained; a client that started over counts from zero again. */
function increase(before: bigint | undefined, now: bigint): bigint {
  return before === undefined || now < before ? now : now - before;
}
