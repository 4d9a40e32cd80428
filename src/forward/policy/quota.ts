/**
 * What is left of a user's traffic.
 *
 * @module
 */

import type { QuotaState } from "../forwarder.ts";
import type { Meter } from "./meter.ts";

/**
 * A budget of bytes, for both directions together; without a limit until it is set. Others may take
 * from its cell too; what the cell has no room for stays behind it.
 */
export class Quota {
  readonly #meter: Meter;
  #isLimited = false;
  #isExhausted = false;
  /** What the cell has no room for. Exact up to 2^53, which is 9 PB. */
  #behind = 0;
  readonly #waiting = new Set<() => void>();

  constructor(meter: Meter) {
    this.#meter = meter;
    meter.settle(() => this.#settle());
  }

  /** Whether nothing may pass any more. */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /** What is left now; `null` without a limit. */
  get state(): QuotaState | null {
    if (!this.#isLimited) return null;
    const remainingBytes = BigInt(this.#meter.budget.value + this.#behind);
    return { remainingBytes, exhausted: this.#isExhausted };
  }

  /** Calls `end` whenever the budget is used up, until disposed of. */
  onExhausted(end: () => void): Disposable {
    this.#waiting.add(end);
    return { [Symbol.dispose]: () => void this.#waiting.delete(end) };
  }

  /** Replaces the budget; `null` lifts the limit. */
  set(state: QuotaState | null): void {
    this.#isLimited = state !== null;
    const remaining = state === null ? 0 : Math.max(0, Number(state.remainingBytes));
    const { budget } = this.#meter;
    const onHand = Math.min(remaining, budget.capacity);
    this.#behind = remaining - onHand;
    budget.set(onHand);
    this.#exhausted(state !== null && (state.exhausted || remaining === 0));
  }

  /**
   * Takes `bytes`, or what is left of the budget when that is less.
   *
   * @returns whether all of them were left
   */
  consume(bytes: number): boolean {
    if (!this.#isLimited) return true;
    if (this.#isExhausted) return false;
    const taken = this.#meter.budget.takeUpTo(bytes);
    const isCovered = taken === bytes || bytes - taken <= this.#behind;
    this.#behind = Math.max(0, this.#behind - (bytes - taken));
    this.#settle();
    return isCovered;
  }

  /** Sees to it that the cell is empty only when there is nothing left at all. */
  #settle(): void {
    if (!this.#isLimited) return;
    this.#topUp();
    this.#exhausted(this.#isExhausted || this.#meter.budget.value <= 0);
  }

  #topUp(): void {
    const { budget } = this.#meter;
    const amount = Math.min(this.#behind, budget.capacity - budget.value);
    if (amount === 0) return;
    this.#behind -= amount;
    budget.add(amount);
  }

  #exhausted(isExhausted: boolean): void {
    const isNews = isExhausted && !this.#isExhausted;
    this.#isExhausted = isExhausted;
    this.#meter.limit(this.#isLimited ? { isExhausted, isLast: this.#behind === 0 } : null);
    if (isNews) { for (const end of this.#waiting) end(); }
  }
}
