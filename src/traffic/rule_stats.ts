/**
 * The latest counters of every rule, as its client reported them.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { RuleStats, StatsReport } from "../wire/gen/portunus/v1/portunus_pb.ts";
import {
  type RemovedRule,
  type Reporter,
  ReportMetrics,
  type ReportMetricsOptions,
} from "./report_metrics.ts";

/** One rule's counters and when they came in. */
export interface RuleStatsSnapshot {
  readonly clientName: string;
  readonly stats: RuleStats;
  readonly updatedAt: Temporal.Instant;
}

export interface RuleStatsOptions extends ReportMetricsOptions {
  readonly clock: Clock;
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
  readonly #metrics: ReportMetrics;
  readonly #listeners = new Map<bigint, Set<StatsListener>>();

  constructor(options: RuleStatsOptions) {
    this.#options = options;
    this.#metrics = new ReportMetrics(options);
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
  record(client: Reporter, report: StatsReport): void {
    const { clock, ownerOf } = this.#options;
    this.#metrics.record(client, report);
    const updatedAt = Temporal.Instant.fromEpochMilliseconds(clock.now());
    for (const stats of report.stats) {
      if (ownerOf(stats.ruleId, client.clientId) === undefined) continue;
      const snapshot = { clientName: client.clientName, stats, updatedAt };
      this.#latest.set(stats.ruleId, snapshot);
      for (const listener of this.#listeners.get(stats.ruleId) ?? []) listener.next(snapshot);
    }
  }

  /** Drops what is known of a removed rule. */
  forget(rule: RemovedRule): void {
    for (const listener of this.#listeners.get(rule.id) ?? []) listener.end();
    this.#listeners.delete(rule.id);
    this.#latest.delete(rule.id);
    this.#metrics.forgetRule(rule);
  }

  /** Drops what is known of a client that was deleted, beside its rules. */
  forgetClient(clientId: string): void {
    this.#metrics.forgetClient(clientId);
  }
}
