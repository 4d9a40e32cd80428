/**
 * What is left of caps and quotas, in memory that all threads share: Workers take from it, and only
 * the main thread, which has the clock and the budgets, puts something in.
 *
 * @module
 */

import type { BudgetState, Direction } from "../policy/meter.ts";

/** Rules and owners of one engine that have caps of bandwidth or a quota. */
export const METERS_MAX = 1 << 16;

/** Stands for a meter that is not there: nothing is asked of it. */
export const NO_METER = -1;

/** The most that a cell holds, in bytes. */
export const CELL_MAX = 1 << 30;

/** Bits of {@linkcode WORD.flags}. */
const CAPPED = { in: 1, out: 2 } as const;
const LIMITED = 4;
const EXHAUSTED = 8;
/** There is nothing behind what the budget's cell holds. */
const LAST = 16;

/** Words of a meter. */
export const WORD = {
  flags: 0,
  tokensIn: 1,
  tokensOut: 2,
  burstIn: 3,
  burstOut: 4,
  budget: 5,
  /** Directions of sessions that wait for tokens. */
  waitingIn: 6,
  waitingOut: 7,
  /** Whether the main thread knows that tokens are being taken. */
  isCalled: 8,
} as const;
const WORDS = 9;

/** What a Worker tells of a meter that the main thread should look at. */
export interface MeterCalls {
  /** Tokens are being taken: they are to be refilled. */
  spending(slot: number): void;
  /** Little is left of the budget, or nothing. */
  low(slot: number): void;
}

/** The memory of all meters, as both sides see it. */
export class Meters {
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * WORDS * METERS_MAX);
  }

  load(slot: number, word: number): number {
    return Atomics.load(this.#words, slot * WORDS + word);
  }

  store(slot: number, word: number, value: number): void {
    Atomics.store(this.#words, slot * WORDS + word, value);
  }

  add(slot: number, word: number, amount: number): void {
    Atomics.add(this.#words, slot * WORDS + word, amount);
  }

  /** Stores `value`. @returns what was there */
  exchange(slot: number, word: number, value: number): number {
    return Atomics.exchange(this.#words, slot * WORDS + word, value);
  }

  /** Takes `amount`, or what is there when that is less. @returns how much that was */
  takeUpTo(slot: number, word: number, amount: number): number {
    const at = slot * WORDS + word;
    while (true) {
      const there = Atomics.load(this.#words, at);
      const taken = Math.min(amount, Math.max(0, there));
      if (taken === 0) return 0;
      if (Atomics.compareExchange(this.#words, at, there, there - taken) === there) return taken;
    }
  }

  /** Forgets everything about a meter. */
  clear(slot: number): void {
    for (let word = 0; word < WORDS; word++) this.store(slot, word, 0);
  }

  cap(slot: number, direction: Direction, burst: number | null): void {
    this.store(slot, direction === "in" ? WORD.burstIn : WORD.burstOut, burst ?? 0);
    this.#flag(slot, CAPPED[direction], burst !== null);
  }

  /** @returns whether that changes anything */
  limit(slot: number, state: BudgetState | null): boolean {
    const before = this.load(slot, WORD.flags);
    this.#flag(slot, LAST, state?.isLast ?? false);
    this.#flag(slot, EXHAUSTED, state?.isExhausted ?? false);
    this.#flag(slot, LIMITED, state !== null);
    return this.load(slot, WORD.flags) !== before;
  }

  /** Whether anything is to be asked before bytes pass. */
  isActive(slot: number): boolean {
    return slot >= 0 && this.load(slot, WORD.flags) !== 0;
  }

  isCapped(slot: number, direction: Direction): boolean {
    return slot >= 0 && (this.load(slot, WORD.flags) & CAPPED[direction]) !== 0;
  }

  isLimited(slot: number): boolean {
    return slot >= 0 && (this.load(slot, WORD.flags) & LIMITED) !== 0;
  }

  isExhausted(slot: number): boolean {
    return slot >= 0 && (this.load(slot, WORD.flags) & EXHAUSTED) !== 0;
  }

  /** Whether what the budget's cell holds is all there is. */
  isLast(slot: number): boolean {
    return (this.load(slot, WORD.flags) & LAST) !== 0;
  }

  exhaust(slot: number): void {
    this.#flag(slot, EXHAUSTED, true);
  }

  #flag(slot: number, bit: number, isSet: boolean): void {
    const at = slot * WORDS + WORD.flags;
    if (isSet) Atomics.or(this.#words, at, bit);
    else Atomics.and(this.#words, at, ~bit);
  }
}
