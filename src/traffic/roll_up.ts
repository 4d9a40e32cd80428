/**
 * Sums minutes of traffic up to hours, and deletes what is older than it is kept.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import { unixSeconds } from "../core/instant.ts";
import { TRAFFIC } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { BUCKET_SECS, type BucketSize, type SampleRepository } from "../store/traffic_samples.ts";

export interface TrafficRollUpOptions {
  readonly samples: SampleRepository;
  readonly clock: Clock;
  readonly logger: Logger;
}

const HOUR_SECS = BUCKET_SECS["1h"];
const HOUR_MS = 3_600_000;

/** Runs `TRAFFIC.rollUpDelaySecs` after each full hour, until disposed. */
export class TrafficRollUp implements Disposable {
  readonly #options: TrafficRollUpOptions;
  #timer: Disposable;

  constructor(options: TrafficRollUpOptions) {
    this.#options = options;
    this.#timer = this.#next();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #next(): Disposable {
    const { clock } = this.#options;
    const sinceRun = (clock.now() - TRAFFIC.rollUpDelaySecs * 1_000) % HOUR_MS;
    return clock.timer(HOUR_MS - sinceRun, () => this.#continue(this.#run()));
  }

  /** Does the work piece by piece, and lets others have their turn in between. */
  #continue(work: Iterator<void>): void {
    const { clock, logger } = this.#options;
    try {
      if (work.next().done !== true) {
        this.#timer = clock.timer(0, () => this.#continue(work));
        return;
      }
    } catch (error) {
      logger.error("traffic_rollup.tick_failed", { error: errorText(error) });
    }
    this.#timer = this.#next();
  }

  /** Nothing is deleted unless everything was rolled up before. */
  *#run(): Generator<void> {
    const now = unixSeconds(this.#options.clock.now());
    const rolledUp = yield* this.#rollUp(now);
    const deletedMinutes = yield* this.#delete("1m", now - BigInt(TRAFFIC.keepMinutesSecs));
    const deletedHours = yield* this.#delete("1h", now - BigInt(TRAFFIC.keepHoursSecs));
    this.#options.logger.info("traffic_rollup.tick", {
      rolled_up: rolledUp,
      deleted_1m: deletedMinutes,
      deleted_1h: deletedHours,
    });
  }

  /** Rolls up each hour that is over and has something in it; returns how many there were. */
  *#rollUp(now: bigint): Generator<void, number> {
    const { samples } = this.#options;
    const current = now - now % HOUR_SECS;
    const known = samples.lastRolledUpHour();
    // Later than now: the clock was put back since, at most an hour ago. That hour may have more.
    const last = known < current ? known : current - 2n * HOUR_SECS;
    const oldest = current - BigInt(TRAFFIC.rollUpHoursMax) * HOUR_SECS;
    let from = last + HOUR_SECS > oldest ? last + HOUR_SECS : oldest;
    let count = 0;
    while (from < current) {
      const minute = samples.firstStart("1m", from);
      if (minute === null || minute >= current) break;
      const hour = minute - minute % HOUR_SECS;
      samples.rollUp(hour);
      from = hour + HOUR_SECS;
      count++;
      yield;
    }
    if (from < current) samples.setRolledUpHour(current - HOUR_SECS);
    return count;
  }

  *#delete(bucket: BucketSize, before: bigint): Generator<void, number> {
    const { samples } = this.#options;
    for (let total = 0;;) {
      const deleted = samples.deleteBefore(bucket, before, TRAFFIC.deleteBatchMax);
      total += deleted;
      if (deleted < TRAFFIC.deleteBatchMax) return total;
      yield;
    }
  }
}
