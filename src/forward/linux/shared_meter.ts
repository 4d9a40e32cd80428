/**
 * One meter in shared memory, as caps and quotas of the main thread use it.
 *
 * @module
 */

import type { BudgetState, Cell, Direction, Meter, Refiller } from "../policy/meter.ts";
import { CELL_MAX, type Meters, NO_METER, WORD } from "./meters.ts";

/** What surrounds a meter. */
export interface MeterOwner {
  /** Who waits for tokens may have to wait no longer. */
  readonly changed: () => void;
  readonly dispose: () => void;
}

const WAITING = [["in", WORD.waitingIn], ["out", WORD.waitingOut]] as const;

export class SharedMeter implements Meter {
  readonly slot: number;
  readonly tokens: Readonly<Record<Direction, Cell>>;
  readonly budget: Cell;
  readonly #meters: Meters;
  readonly #owner: MeterOwner;
  #refiller: Refiller | null = null;
  #settle: (() => void) | null = null;

  constructor(slot: number, meters: Meters, owner: MeterOwner) {
    this.slot = slot;
    this.#meters = meters;
    this.#owner = owner;
    this.tokens = {
      in: new SharedCell(meters, slot, WORD.tokensIn),
      out: new SharedCell(meters, slot, WORD.tokensOut),
    };
    this.budget = new SharedCell(meters, slot, WORD.budget);
    meters.clear(slot);
  }

  /** The time in which a bucket of the meter fills, in milliseconds. */
  get fillMs(): number {
    return this.#refiller?.fillMs ?? Infinity;
  }

  cap(direction: Direction, burst: number | null): void {
    this.#meters.cap(this.slot, direction, burst);
    this.#owner.changed();
  }

  limit(state: BudgetState | null): void {
    if (this.#meters.limit(this.slot, state)) this.#owner.changed();
  }

  serve(refiller: Refiller): void {
    this.#refiller = refiller;
  }

  settle(settle: () => void): void {
    this.#settle = settle;
  }

  /** Little is left of the budget, or nothing. */
  low(): void {
    this.#settle?.();
    this.#owner.changed();
  }

  /**
   * Counts the time since the last refill for all who waited, and refills.
   *
   * @returns whether anybody waits: one who begins to wait from now on sees the tokens
   */
  refill(micros: number): boolean {
    for (const [direction, word] of WAITING) {
      const count = this.#meters.load(this.slot, word);
      if (count > 0) this.#refiller?.throttled(direction, count * micros);
    }
    this.#refiller?.refill();
    return this.#isAwaited;
  }

  /** Whether refilling can stop until somebody calls: nothing is taken, so nothing comes in. */
  rest(): boolean {
    // In this order: whoever takes tokens after the look at them calls.
    this.#meters.store(this.slot, WORD.isCalled, 0);
    const isFull = this.#refiller?.refill() ?? true;
    if (isFull) return true;
    this.#meters.store(this.slot, WORD.isCalled, 1);
    return false;
  }

  get #isAwaited(): boolean {
    return WAITING.some(([, word]) => this.#meters.load(this.slot, word) > 0);
  }

  [Symbol.dispose](): void {
    this.#meters.clear(this.slot);
    this.#owner.dispose();
  }
}

/** Where a Worker finds `meter`, or that there is none. */
export function slotOf(meter: Meter | null): number {
  return meter instanceof SharedMeter ? meter.slot : NO_METER;
}

class SharedCell implements Cell {
  readonly capacity = CELL_MAX;
  readonly #meters: Meters;
  readonly #slot: number;
  readonly #word: number;

  constructor(meters: Meters, slot: number, word: number) {
    this.#meters = meters;
    this.#slot = slot;
    this.#word = word;
  }

  get value(): number {
    return this.#meters.load(this.#slot, this.#word);
  }

  set(value: number): void {
    this.#meters.store(this.#slot, this.#word, value);
  }

  add(amount: number): void {
    this.#meters.add(this.#slot, this.#word, amount);
  }

  takeUpTo(amount: number): number {
    return this.#meters.takeUpTo(this.#slot, this.#word, amount);
  }
}
