import { PEEK_BOUNDS_SECS } from "../counters.ts";

/** How long it took to read ClientHellos: cumulative buckets, as the wire wants them. */
export class PeekHistogram {
  readonly #buckets: number[] = PEEK_BOUNDS_SECS.map(() => 0);
  #sumMicros = 0;
  #count = 0;

  /** Counts a read that took `ms` milliseconds, however it ended. */
  observe(ms: number): void {
    this.#sumMicros += Math.round(ms * 1_000);
    this.#count += 1;
    for (const [i, bound] of PEEK_BOUNDS_SECS.entries()) {
      if (ms <= bound * 1_000) this.#buckets[i] = (this.#buckets[i] ?? 0) + 1;
    }
  }

  counters() {
    return {
      peekBuckets: this.#buckets.map(BigInt),
      peekSumMicros: BigInt(this.#sumMicros),
      peekCount: BigInt(this.#count),
    };
  }
}
