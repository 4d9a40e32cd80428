/**
 * Where it stands what is left of the caps and the budget of a rule or an owner. An engine that
 * moves bytes on other threads puts it where they can take from it.
 *
 * @module
 */

/** From the outside to the target, or back. */
export type Direction = "in" | "out";

/** A whole number that several threads may take from. It may go below 0: then it is owed. */
export interface Cell {
  readonly value: number;
  /** The most it can hold. */
  readonly capacity: number;
  set(value: number): void;
  add(amount: number): void;
  /** Takes `amount`, or what is there when that is less. @returns how much that was */
  takeUpTo(amount: number): number;
}

/** What whoever takes from a budget has to know of it. */
export interface BudgetState {
  readonly isExhausted: boolean;
  /** Whether there is nothing behind what its cell holds. */
  readonly isLast: boolean;
}

/** Who refills the cells of a meter. */
export interface Refiller {
  /** Brings the tokens up to date. @returns whether there can't be more of them */
  refill(): boolean;
  /** How long it takes the bucket that fills fastest, in milliseconds. */
  readonly fillMs: number;
  /** Counts time that copying in `direction` waited for tokens. */
  throttled(direction: Direction, micros: number): void;
}

/** The cells of a rule or an owner. Disposing gives them back. */
export interface Meter extends Disposable {
  /** Bytes that may pass. */
  readonly tokens: Readonly<Record<Direction, Cell>>;
  /** Bytes left of a quota. */
  readonly budget: Cell;
  /** Caps `direction` from now on, with `burst` tokens at most; lifts the cap for `null`. */
  cap(direction: Direction, burst: number | null): void;
  /** Limits traffic to the budget from now on; lifts the limit for `null`. */
  limit(state: BudgetState | null): void;
  /** Has `refiller` called while tokens are being taken elsewhere. */
  serve(refiller: Refiller): void;
  /** Has `settle` called when little is left of the budget, or nothing. */
  settle(settle: () => void): void;
}

/** A number of this thread. */
export class LocalCell implements Cell {
  readonly capacity = Infinity;
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  add(amount: number): void {
    this.value += amount;
  }

  takeUpTo(amount: number): number {
    const taken = Math.min(amount, this.value);
    this.value -= taken;
    return taken;
  }
}

/** A meter for an engine whose bytes all pass through this thread, which asks before they do. */
export class LocalMeter implements Meter {
  readonly tokens = { in: new LocalCell(), out: new LocalCell() };
  readonly budget = new LocalCell();

  cap(): void {}
  limit(): void {}
  serve(): void {}
  settle(): void {}
  [Symbol.dispose](): void {}
}
