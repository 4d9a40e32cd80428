/**
 * Deadlines of many connections, looked at together: setting one is writing a number.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { INGRESS } from "../../core/publish_limits.ts";

export class Deadlines {
  readonly #clock: Clock;
  readonly #deadlines = new Set<Deadline>();
  #timer: Disposable | null = null;
  #nowMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#nowMs = clock.monotonic();
  }

  /** The time when it was looked at last, in milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** @param onPassed called when a deadline has passed, at most two looks later */
  open(onPassed: () => void): Deadline {
    if (this.#timer === null) this.#schedule();
    const deadline = new Deadline(this, onPassed);
    this.#deadlines.add(deadline);
    return deadline;
  }

  /** Forgets `deadline`: whatever it was for is over. */
  close(deadline: Deadline): void {
    this.#deadlines.delete(deadline);
    if (this.#deadlines.size > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  #schedule(): void {
    this.#nowMs = this.#clock.monotonic();
    this.#timer = this.#clock.timer(INGRESS.deadlineIntervalMs, () => this.#look());
  }

  #look(): void {
    this.#schedule();
    for (const deadline of this.#deadlines) deadline.check();
  }
}

/** Time that somebody has for one thing after another. */
export class Deadline implements Disposable {
  readonly #deadlines: Deadlines;
  readonly #onPassed: () => void;
  #atMs = Infinity;

  constructor(deadlines: Deadlines, onPassed: () => void) {
    this.#deadlines = deadlines;
    this.#onPassed = onPassed;
  }

  /** Gives at least `ms` milliseconds from now on, whatever was set before. */
  set(ms: number): void {
    this.#atMs = this.#deadlines.nowMs + INGRESS.deadlineIntervalMs + ms;
  }

  /** There is no hurry any more. */
  lift(): void {
    this.#atMs = Infinity;
  }

  /** Calls `onPassed`, once, when the time is over. */
  check(): void {
    if (this.#deadlines.nowMs < this.#atMs) return;
    this.lift();
    this.#onPassed();
  }

  [Symbol.dispose](): void {
    this.#deadlines.close(this);
  }
}
