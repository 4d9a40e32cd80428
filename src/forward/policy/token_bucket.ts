/**
 * How much may pass by now, of something that may pass at a rate.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";

/** Tokens that come in per second, and how many of them are kept. Both at least 1. */
export interface BucketSize {
  readonly rate: number;
  readonly burst: number;
}

/**
 * A token bucket, full at first.
 *
 * What is larger than the bucket is let through when the bucket is full, and the bucket owes the
 * rest: so the rate holds, and nothing is stuck for ever.
 */
export class TokenBucket {
  readonly #clock: Clock;
  #size: BucketSize;
  #tokens: number;
  /** Until when tokens have come in, in monotonic milliseconds. */
  #filledAt: number;

  constructor(clock: Clock, size: BucketSize) {
    this.#clock = clock;
    this.#size = size;
    this.#tokens = size.burst;
    this.#filledAt = clock.monotonic();
  }

  /** Tokens per second. */
  get rate(): number {
    return this.#size.rate;
  }

  /** The most tokens there can be. */
  get burst(): number {
    return this.#size.burst;
  }

  /**
   * Takes `count` tokens if they are there.
   *
   * @returns 0 when they were taken, else the microseconds until they are there; nothing is taken
   */
  acquire(count: number): number {
    this.#fill();
    const missing = Math.min(count, this.#size.burst) - this.#tokens;
    if (missing > 0) return Math.ceil(missing * 1e6 / this.#size.rate);
    this.#tokens -= count;
    return 0;
  }

  /** Changes rate and burst. Tokens are kept: more room mints none, less room strands none. */
  resize(size: BucketSize): void {
    this.#fill();
    this.#size = size;
    this.#tokens = Math.min(this.#tokens, size.burst);
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const { rate, burst } = this.#size;
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#filledAt) * rate / 1_000);
    this.#filledAt = now;
  }
}
