/**
 * Turns the cumulative counters that clients report into traffic: samples by the minute, and usage
 * of quotas.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { addSaturating, counterGain, saturated } from "../core/counters.ts";
import { errorText } from "../core/errors.ts";
import { unixSeconds } from "../core/instant.ts";
import type { Logger } from "../core/log.ts";
import type { Baseline, BaselineRepository } from "../store/traffic_baselines.ts";
import { BUCKET_SECS, type SampleRepository } from "../store/traffic_samples.ts";
import type { RuleStats } from "../wire/gen/portunus/v1/portunus_pb.ts";
import type { QuotaChange, QuotaLedger } from "./quota_ledger.ts";

export interface TrafficAccountingOptions {
  readonly baselines: BaselineRepository;
  readonly samples: SampleRepository;
  readonly ledger: QuotaLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The client that a report comes from. */
interface Reporter {
  readonly clientId: string;
  readonly clientName: string;
}

interface Bytes {
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
}

/** What a report brings: how far its rules are counted now, and what that adds per owner. */
interface Gains {
  readonly baselines: readonly Baseline[];
  readonly byOwner: ReadonlyMap<string, Bytes>;
}

export class TrafficAccounting {
  readonly #options: TrafficAccountingOptions;

  constructor(options: TrafficAccountingOptions) {
    this.#options = options;
  }

  /**
   * Counts what a client's rules have forwarded since they were counted last. Rules that are not
   * that client's count for nobody.
   *
   * Everything that a report changes is one transaction, together with how far its counters are
   * counted: it happens once, whenever the process dies. When the store cannot be written, nothing
   * happens but a line in the log, and the next report counts for this one too.
   */
  record(client: Reporter, stats: readonly RuleStats[]): void {
    const { baselines, ledger, logger } = this.#options;
    try {
      const gains = gainsOf(stats, baselines.listOfClient(client.clientId));
      if (gains.baselines.length === 0) return;
      const changes = baselines.transaction(() => this.#store(client, gains));
      for (const change of changes) ledger.announce(change);
    } catch (error) {
      logger.error("traffic_aggregator.accumulate_failed", {
        client: client.clientName,
        error: errorText(error),
      });
    }
  }

  #store(client: Reporter, gains: Gains): QuotaChange[] {
    const { baselines, samples, ledger, clock } = this.#options;
    const now = unixSeconds(clock.now());
    const minute = now - now % BUCKET_SECS["1m"];
    for (const baseline of gains.baselines) baselines.save(baseline);
    return [...gains.byOwner].flatMap(([userId, bytes]) => {
      const key = { ...client, userId };
      samples.add(minute, { ...key, ...bytes });
      const change = ledger.charge(key, addSaturating(bytes.bytesIn, bytes.bytesOut));
      this.#log(key, bytes, change);
      return change ? [change] : [];
    });
  }

  #log(
    { userId, clientName }: Reporter & { readonly userId: string },
    { bytesIn, bytesOut }: Bytes,
    change: QuotaChange | undefined,
  ): void {
    const { logger } = this.#options;
    if (!logger.enabled("debug")) return;
    const key = { user: userId, client: clientName };
    if (!change) return logger.debug("traffic_aggregator.no_row", key);
    logger.debug("traffic_aggregator.accumulated", {
      ...key,
      delta_total: bytesIn + bytesOut,
      used: change.after.bytesUsed,
      monthly: change.after.monthlyBytes,
    });
  }
}

/** Only what has changed; a report of idle rules brings nothing. */
function gainsOf(stats: readonly RuleStats[], counted: readonly Baseline[]): Gains {
  const known = new Map(counted.map((baseline) => [baseline.ruleId, baseline]));
  const moved = new Map<bigint, Baseline>();
  const byOwner = new Map<string, Bytes>();
  for (const { ruleId, bytesIn: reportedIn, bytesOut: reportedOut } of stats) {
    const before = known.get(ruleId);
    if (!before) continue;
    const after = {
      ...before,
      bytesIn: saturated(reportedIn),
      bytesOut: saturated(reportedOut),
    };
    if (before.bytesIn === after.bytesIn && before.bytesOut === after.bytesOut) continue;
    known.set(ruleId, after);
    moved.set(ruleId, after);
    const bytesIn = counterGain(before.bytesIn, after.bytesIn);
    const bytesOut = counterGain(before.bytesOut, after.bytesOut);
    if (bytesIn === 0n && bytesOut === 0n) continue;
    const sum = byOwner.get(before.ownerId) ?? { bytesIn: 0n, bytesOut: 0n };
    byOwner.set(before.ownerId, {
      bytesIn: addSaturating(sum.bytesIn, bytesIn),
      bytesOut: addSaturating(sum.bytesOut, bytesOut),
    });
  }
  return { baselines: [...moved.values()], byOwner };
}
