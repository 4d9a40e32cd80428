/**
 * What is used of traffic quotas, and their billing periods. The store is read each time: there is
 * no copy that could say something else.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import { unixSeconds } from "../core/instant.ts";
import { QUOTA } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { PERIOD_MIN_SECS } from "../core/period.ts";
import { type Quota, type QuotaKey, rolledOver, withUsage } from "../core/quota.ts";
import type { QuotaRepository } from "../store/quotas.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Who is told of what happens to quotas by itself. */
export interface QuotaObserver {
  /** A new period has begun. */
  rolledOver(quota: Quota): void;
  /** Nothing is left, for the first time in this period. */
  exhausted(quota: Quota): void;
}

export interface QuotaLedgerOptions {
  readonly quotas: QuotaRepository;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: QuotaObserver;
}

/** What happened to a quota. */
export interface QuotaChange {
  readonly before: Quota;
  readonly after: Quota;
}

/** Looks for periods that are over every `QUOTA.rolloverIntervalSecs`, until disposed. */
export class QuotaLedger implements Disposable {
  readonly #options: QuotaLedgerOptions;
  #timer: Disposable;

  /** Reads every quota once. @throws {StoreError} when one of them cannot be read */
  constructor(options: QuotaLedgerOptions) {
    this.#options = options;
    const { quotas, metrics, logger } = options;
    try {
      for (const quota of quotas.list()) metrics.setQuota(quota);
    } catch (error) {
      logger.warn("traffic_quota.cache_hydrate_failed", { error: errorText(error) });
      throw error;
    }
    this.#timer = this.#next();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  get(key: QuotaKey): Quota | undefined {
    return this.#options.quotas.get(key);
  }

  listOfUser(userId: string): Quota[] {
    return this.#options.quotas.listOfUser(userId);
  }

  listOfClient(clientId: string): Quota[] {
    return this.#options.quotas.listOfClient(clientId);
  }

  /** Makes `quota` that of its user and client, whatever there was. */
  put(quota: Quota): void {
    const { quotas, metrics } = this.#options;
    const before = quotas.get(quota);
    quotas.save(quota);
    // The display name, a label, may have been another.
    if (before) metrics.forgetQuota(before);
    metrics.setQuota(quota);
  }

  /** Changes a quota as `change` says; `undefined` when there is none. */
  update(key: QuotaKey, change: (quota: Quota) => Quota): Quota | undefined {
    const { quotas } = this.#options;
    const changed = quotas.transaction(() => {
      const before = quotas.get(key);
      if (!before) return undefined;
      const after = change(before);
      quotas.save(after);
      return { before, after };
    });
    if (changed) this.#measure(changed);
    return changed?.after;
  }

  /** Removes a quota and returns it; `undefined` when there is none. */
  remove(key: QuotaKey): Quota | undefined {
    const { quotas, metrics } = this.#options;
    const quota = quotas.get(key);
    if (!quota) return undefined;
    quotas.remove(key);
    metrics.forgetQuota(quota);
    return quota;
  }

  /**
   * Takes `bytes` off a quota, if there is one: of the period that it is now, also where nobody has
   * noticed yet that another has begun. To be called in a transaction, and what it returns is to be
   * passed to {@linkcode announce} after that.
   */
  charge(key: QuotaKey, bytes: bigint): QuotaChange | undefined {
    const { quotas } = this.#options;
    const before = quotas.get(key);
    if (!before) return undefined;
    const now = this.#now();
    const after = withUsage(rolledOver(before, now) ?? before, bytes, now);
    quotas.save(after);
    return { before, after };
  }

  /** Tells everyone what happened to a quota by itself, once it is certain that it did. */
  announce(change: QuotaChange): void {
    const { metrics, logger, observer } = this.#options;
    const { before, after } = change;
    const isRolled = before.periodStartedAt !== after.periodStartedAt;
    if (isRolled) {
      metrics.quotaReset(after);
      logger.info("traffic_quota.period_rolled", {
        user: after.userId,
        client: after.clientName,
        new_start: after.periodStartedAt,
      });
    }
    this.#measure(change);
    if (isRolled) observer.rolledOver(after);
    if (isExhausting(change)) observer.exhausted(after);
  }

  #measure(change: QuotaChange): void {
    const { metrics } = this.#options;
    metrics.setQuota(change.after);
    if (isExhausting(change)) metrics.quotaExhausted(change.after);
  }

  #next(): Disposable {
    return this.#options.clock.timer(QUOTA.rolloverIntervalSecs * 1_000, () => {
      this.#timer = this.#next();
      this.#rollOver();
    });
  }

  #rollOver(): void {
    const { logger } = this.#options;
    try {
      const changes = this.#beginPeriods();
      for (const change of changes) this.announce(change);
      if (changes.length > 0) logger.info("traffic_rollover.tick", { advanced: changes.length });
    } catch (error) {
      logger.error("traffic_rollover.tick_failed", { error: errorText(error) });
    }
  }

  #beginPeriods(): QuotaChange[] {
    const { quotas } = this.#options;
    const now = this.#now();
    const changes = quotas.listStartedBy(now - PERIOD_MIN_SECS).flatMap((before) => {
      const after = rolledOver(before, now);
      return after ? [{ before, after }] : [];
    });
    if (changes.length === 0) return changes;
    quotas.transaction(() => {
      for (const { after } of changes) quotas.save(after);
    });
    return changes;
  }

  #now(): bigint {
    return unixSeconds(this.#options.clock.now());
  }
}

/** Whether nothing is left that was there before, or that a new period brought. */
function isExhausting({ before, after }: QuotaChange): boolean {
  if (after.exhaustedAt === null) return false;
  return before.exhaustedAt === null || before.periodStartedAt !== after.periodStartedAt;
}
