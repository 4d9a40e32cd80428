/**
 * What is left of a user's traffic.
 *
 * @module
 */

import type { QuotaState } from "../forwarder.ts";

/** A budget of bytes, for both directions together; without a limit until it is set. */
export class Quota {
  /** `null` without a limit. Exact up to 2^53, which is 9 PB. */
  #remaining: number | null = null;
  #isExhausted = false;
  readonly #waiting = new Set<() => void>();

  /** Whether nothing may pass any more. */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /** Whether there is a budget at all. */
  get isLimited(): boolean {
    return this.#remaining !== null;
  }

  /** What is left now; `null` without a limit. */
  get state(): QuotaState | null {
    if (this.#remaining === null) return null;
    return { remainingBytes: BigInt(this.#remaining), exhausted: this.#isExhausted };
  }

  /** Calls `end` whenever the budget is used up, until disposed of. */
  onExhausted(end: () => void): Disposable {
    this.#waiting.add(end);
    return { [Symbol.dispose]: () => void this.#waiting.delete(end) };
  }

  /** Replaces the budget; `null` lifts the limit. */
  set(state: QuotaState | null): void {
    this.#remaining = state === null ? null : Math.max(0, Number(state.remainingBytes));
    this.#exhausted(state !== null && (state.exhausted || this.#remaining === 0));
  }

  /**
   * Takes `bytes`, or what is left of the budget when that is less.
   *
   * @returns whether all of them were left
   */
  consume(bytes: number): boolean {
    if (this.#remaining === null) return true;
    if (this.#isExhausted) return false;
    const isCovered = bytes <= this.#remaining;
    this.#remaining = Math.max(0, this.#remaining - bytes);
    this.#exhausted(this.#remaining === 0);
    return isCovered;
  }

  #exhausted(isExhausted: boolean): void {
    const isNews = isExhausted && !this.#isExhausted;
    this.#isExhausted = isExhausted;
    if (isNews) { for (const end of this.#waiting) end(); }
  }
}
