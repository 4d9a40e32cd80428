/**
 * Traffic history as lines over time: a window that moves in steps, samples at even distances.
 *
 * @module
 */

import type { Traffic } from "./types.ts";

export const RANGES = ["1h", "24h", "7d"] as const;
export type Range = typeof RANGES[number];

const SECONDS: Readonly<Record<Range, number>> = { "1h": 3_600, "24h": 86_400, "7d": 604_800 };

export interface Window {
  /** Unix seconds, `[from, to)`, on the edges of buckets. */
  readonly from: number;
  readonly to: number;
  readonly bucket: "1m" | "1h";
  readonly bucketSecs: number;
}

/**
 * The window that ends with the bucket of `nowMs`. It is the same for a whole bucket, so that those
 * who ask for it again ask for the same thing.
 */
export function windowOf(range: Range, nowMs: number): Window {
  const bucket = range === "7d" ? "1h" : "1m";
  const bucketSecs = bucket === "1h" ? 3_600 : 60;
  const to = (Math.floor(nowMs / 1_000 / bucketSecs) + 1) * bucketSecs;
  return { from: to - SECONDS[range], to, bucket, bucketSecs };
}

/** Bytes per second in every bucket of a window; nothing where there is no sample. */
export interface Rates {
  readonly times: readonly number[];
  readonly in: readonly number[];
  readonly out: readonly number[];
}

/** Fills the gaps of a history. The bucket that is not over yet is left out. */
export function ratesIn({ from, to, bucketSecs }: Window, samples: Traffic["samples"]): Rates {
  const length = Math.max(0, (to - from) / bucketSecs - 1);
  const byTime = new Map(samples.map((it) => [it.ts, it]));
  const times = Array.from({ length }, (_, i) => from + i * bucketSecs);
  return {
    times,
    in: times.map((it) => (byTime.get(it)?.bytes_in ?? 0) / bucketSecs),
    out: times.map((it) => (byTime.get(it)?.bytes_out ?? 0) / bucketSecs),
  };
}
