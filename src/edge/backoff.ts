import { type Random, randomInteger } from "../system/random.ts";

/** Reconnect pacing: exponential, with full jitter. */
export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly random: Random;
}

/** Delays before reconnect attempts; spread so that a fleet does not come back in one burst. */
export class Backoff {
  #attempt = 0;
  readonly #options: BackoffOptions;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** A uniform draw from `[0, min(initial · 2^attempt, max)]` milliseconds; counts the attempt. */
  next(): number {
    const { initialMs, maxMs, random } = this.#options;
    const ceiling = Math.max(1, Math.min(initialMs * 2 ** Math.min(this.#attempt, 52), maxMs));
    this.#attempt += 1;
    return randomInteger(random, ceiling);
  }

  /** Starts over after a successful connection. */
  reset(): void {
    this.#attempt = 0;
  }
}
