/**
 * Questions about what was forwarded when.
 *
 * @module
 */

import { type Clock, sleep } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import { unixSeconds } from "../core/instant.ts";
import { TRAFFIC } from "../core/limits.ts";
import {
  BUCKET_SECS,
  type BucketSize,
  type BucketTotal,
  type SampleRepository,
} from "../store/traffic_samples.ts";

/** A question. Times are seconds since the Unix epoch; `null` does not restrict. */
export interface TrafficQuestion {
  /** The first bucket begins here or later. */
  readonly from: bigint;
  /** The last one before this. */
  readonly to: bigint;
  /** `1m` or `1h`; `null` for what suits the span. */
  readonly bucket: string | null;
  readonly userId: string | null;
  readonly clientId: string | null;
}

/** Totals per bucket, and of them all. */
export interface TrafficAnswer {
  readonly bucket: BucketSize;
  readonly samples: readonly BucketTotal[];
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
}

export interface TrafficHistoryOptions {
  readonly samples: Pick<SampleRepository, "firstStart" | "totals">;
  readonly clock: Clock;
}

const KEPT_SECS = { "1m": TRAFFIC.keepMinutesSecs, "1h": TRAFFIC.keepHoursSecs } as const;

export class TrafficHistory {
  readonly #options: TrafficHistoryOptions;

  constructor(options: TrafficHistoryOptions) {
    this.#options = options;
  }

  /**
   * @throws {PortunusError} `invalid_time_range`, `invalid_bucket`,
   * `traffic_bucket_out_of_retention`, `traffic_too_many_rows`, in this order
   */
  async answer(question: TrafficQuestion): Promise<TrafficAnswer> {
    const { from, to, bucket: wanted } = question;
    if (from < 0n || to <= from) {
      throw new PortunusError("invalid_time_range", "from must be 0 or later, and before to");
    }
    const bucket = bucketOf(wanted, to - from);
    if (from < unixSeconds(this.#options.clock.now()) - BigInt(KEPT_SECS[bucket])) {
      throw new PortunusError(
        "traffic_bucket_out_of_retention",
        `buckets of ${bucket} are kept for ${KEPT_SECS[bucket]} seconds`,
      );
    }
    const samples = await this.#read(bucket, question);
    return {
      bucket,
      samples,
      bytesIn: samples.reduce((sum, it) => sum + it.bytesIn, 0n),
      bytesOut: samples.reduce((sum, it) => sum + it.bytesOut, 0n),
    };
  }

  /** Reads piece by piece, and lets others have their turn in between. */
  async #read(bucket: BucketSize, { from, to, userId, clientId }: TrafficQuestion) {
    const { samples, clock } = this.#options;
    const piece = BigInt(TRAFFIC.bucketsPerRead) * BUCKET_SECS[bucket];
    const found: BucketTotal[] = [];
    let start = samples.firstStart(bucket, from);
    while (start !== null && start < to) {
      const end: bigint = start + piece < to ? start + piece : to;
      const limit = TRAFFIC.bucketsMax + 1 - found.length;
      found.push(...samples.totals({ bucket, from: start, to: end, userId, clientId, limit }));
      if (found.length > TRAFFIC.bucketsMax) {
        throw new PortunusError(
          "traffic_too_many_rows",
          `more than ${TRAFFIC.bucketsMax} buckets; ask for a shorter time or for hours`,
        );
      }
      start = samples.firstStart(bucket, end);
      if (start !== null && start < to) await sleep(clock, 0);
    }
    return found;
  }
}

function bucketOf(wanted: string | null, span: bigint): BucketSize {
  if (wanted === null) return span <= BigInt(TRAFFIC.minutesSpanMaxSecs) ? "1m" : "1h";
  if (wanted === "1m" || wanted === "1h") return wanted;
  throw new PortunusError("invalid_bucket", "expected 1m or 1h");
}
