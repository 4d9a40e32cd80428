/**
 * How much may pass by now, of something that may pass at a rate.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import type { Cell } from "./meter.ts";

/** Tokens that come in per second, and how many of them are kept. Both at least 1. */
export interface BucketSize {
  readonly rate: number;
  readonly burst: number;
}

/**
 * A token bucket, full at first. Its whole tokens are in a cell, which others may take from too;
 * this is the only place that they come from.
 *
 * What is larger than the bucket is let through when the bucket is full, and the bucket owes the
 * rest: so the rate holds, and nothing is stuck for ever.
 */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #cell: Cell;
  #size: BucketSize;
  /** What has come in of the next token. */
  #fraction = 0;
  /** Until when tokens have come in, in monotonic milliseconds. */
  #filledAt: number;

  constructor(clock: Clock, size: BucketSize, cell: Cell) {
    this.#clock = clock;
    this.#cell = cell;
    this.#size = size;
    this.#filledAt = clock.monotonic();
    cell.set(this.burst);
  }

  /** Tokens per second. */
  get rate(): number {
    return this.#size.rate;
  }

  /** The most tokens there can be. */
  get burst(): number {
    return Math.min(this.#size.burst, this.#cell.capacity);
  }

  /** How long it takes to fill an empty bucket, in milliseconds. */
  get fillMs(): number {
    return this.burst * 1_000 / this.#size.rate;
  }

  /**
   * Takes `count` tokens if they are there.
   *
   * @returns 0 when they were taken, else the microseconds until they are there; nothing is taken
   */
  acquire(count: number): number {
    this.fill();
    const missing = Math.min(count, this.burst) - this.#cell.value;
    if (missing > 0) return Math.ceil((missing - this.#fraction) * 1e6 / this.#size.rate);
    this.#cell.add(-count);
    return 0;
  }

  /** Changes rate and burst. Tokens are kept: more room mints none, less room strands none. */
  resize(size: BucketSize): void {
    this.fill();
    this.#size = size;
    this.#cell.add(Math.min(0, this.burst - this.#cell.value));
  }

  /** Brings the tokens up to date. @returns whether the bucket is full */
  fill(): boolean {
    const now = this.#clock.monotonic();
    const came = this.#fraction + (now - this.#filledAt) * this.#size.rate / 1_000;
    this.#filledAt = now;
    const room = this.burst - this.#cell.value;
    const whole = Math.min(Math.floor(came), room);
    this.#fraction = whole < room ? came - whole : 0;
    if (whole > 0) this.#cell.add(whole);
    return whole >= room;
  }
}
