/**
 * Counter rows of things that are gone: kept long enough for the next scrapes, but not for ever.
 *
 * @module
 */

/** Drops the oldest of its members when there are more than `max`. */
export class RetiredRows<T> {
  readonly #members = new Map<string, T>();
  readonly #max: number;
  readonly #drop: (member: T) => void;

  constructor(max: number, drop: (member: T) => void) {
    this.#max = max;
    this.#drop = drop;
  }

  /** Makes `member` the newest one. */
  add(key: string, member: T): void {
    this.#members.delete(key);
    this.#members.set(key, member);
    if (this.#members.size <= this.#max) return;
    for (const [oldest, dropped] of this.#members) {
      this.#members.delete(oldest);
      this.#drop(dropped);
      return;
    }
  }

  /** Takes a member out without dropping it: it is in use again. */
  revive(key: string): void {
    this.#members.delete(key);
  }
}
