/**
 * What a Worker asks before it lets bytes pass.
 *
 * @module
 */

import type { Direction } from "../policy/meter.ts";
import { CELL_MAX, type MeterCalls, type Meters, WORD } from "./meters.ts";

/** With less than this in a budget's cell, the main thread is asked for more. */
const LOW_BYTES = CELL_MAX / 2;

export class MeterTaker {
  readonly #meters: Meters;
  readonly #calls: MeterCalls;

  constructor(meters: Meters, calls: MeterCalls) {
    this.#meters = meters;
    this.#calls = calls;
  }

  /** Whether anything is to be asked of a meter. */
  isActive(slot: number): boolean {
    return this.#meters.isActive(slot);
  }

  isExhausted(slot: number): boolean {
    return this.#meters.isExhausted(slot);
  }

  /** Takes up to `most` bytes' tokens. @returns how many: `most` without a cap, perhaps none */
  take(slot: number, direction: Direction, most: number): number {
    if (!this.#meters.isCapped(slot, direction)) return most;
    const word = direction === "in" ? WORD.tokensIn : WORD.tokensOut;
    const taken = this.#meters.takeUpTo(slot, word, most);
    this.#call(slot);
    return taken;
  }

  /** Whether a direction that is capped has tokens. */
  hasTokens(slot: number, direction: Direction): boolean {
    const word = direction === "in" ? WORD.tokensIn : WORD.tokensOut;
    return this.#meters.isCapped(slot, direction) && this.#meters.load(slot, word) > 0;
  }

  /** Gives back tokens that were taken for bytes which did not come. */
  giveBack(slot: number, direction: Direction, bytes: number): void {
    if (bytes === 0 || !this.#meters.isCapped(slot, direction)) return;
    this.#meters.add(slot, direction === "in" ? WORD.tokensIn : WORD.tokensOut, bytes);
  }

  /**
   * Takes the tokens of a datagram. One that is larger than the bucket passes when the bucket is
   * full, which owes the rest then.
   *
   * @returns whether it may pass
   */
  acquire(slot: number, direction: Direction, bytes: number): boolean {
    if (!this.#meters.isCapped(slot, direction)) return true;
    const [tokens, burst] = direction === "in"
      ? [WORD.tokensIn, WORD.burstIn]
      : [WORD.tokensOut, WORD.burstOut];
    const isThere =
      this.#meters.load(slot, tokens) >= Math.min(bytes, this.#meters.load(slot, burst));
    if (isThere) this.#meters.add(slot, tokens, -bytes);
    this.#call(slot);
    return isThere;
  }

  /** How many bytes of the budget can be had without asking for more; no end without a quota. */
  budget(slot: number): number {
    const onHand = this.left(slot);
    return this.#meters.isLimited(slot) && this.#meters.isLast(slot) ? Infinity : onHand;
  }

  /** How many bytes of the budget are on hand, more being asked for; no end without a quota. */
  left(slot: number): number {
    if (!this.#meters.isLimited(slot)) return Infinity;
    const onHand = this.#meters.load(slot, WORD.budget);
    if (onHand < LOW_BYTES && !this.#meters.isLast(slot)) this.#calls.low(slot);
    return onHand;
  }

  /**
   * Takes `bytes`, or what is left of the budget when that is less. With the last one the budget is
   * exhausted, for everybody and at once.
   *
   * @returns whether all of them were left
   */
  spend(slot: number, bytes: number): boolean {
    if (!this.#meters.isLimited(slot)) return true;
    if (this.#meters.isExhausted(slot)) return false;
    const taken = this.#meters.takeUpTo(slot, WORD.budget, bytes);
    if (this.#meters.load(slot, WORD.budget) === 0 && this.#meters.isLast(slot)) {
      this.#meters.exhaust(slot);
      this.#calls.low(slot);
    }
    return taken === bytes;
  }

  /** A direction of a session begins (1) or ends (-1) to wait for tokens. */
  waits(slot: number, direction: Direction, change: 1 | -1): void {
    this.#meters.add(slot, direction === "in" ? WORD.waitingIn : WORD.waitingOut, change);
  }

  #call(slot: number): void {
    if (this.#meters.exchange(slot, WORD.isCalled, 1) === 0) this.#calls.spending(slot);
  }
}
