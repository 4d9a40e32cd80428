import type { Clock } from "../../src/core/clock.ts";

interface Timer {
  readonly due: number;
  readonly fn: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #origin: number;
  #elapsed = 0;
  #onArmed: (() => void)[] = [];
  /** In the order they were set, which breaks ties between equal times. */
  readonly #timers = new Set<Timer>();

  /** @param now wall-clock time at the start, in milliseconds since the Unix epoch */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#origin = now;
  }

  /** Timers that are set and have neither fired nor been disposed of. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#origin + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  timer(ms: number, fn: () => void): Disposable {
    const timer = { due: this.#elapsed + Math.max(0, ms), fn };
    this.#timers.add(timer);
    for (const resolve of this.#onArmed.splice(0)) resolve();
    return { [Symbol.dispose]: () => this.#timers.delete(timer) };
  }

  /** Puts the wall clock forward, or back; nothing else notices. */
  jump(ms: number): void {
    this.#origin += ms;
  }

  /** Resolves when a timer is pending: at once, or when the next one is set. */
  armed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#timers.size > 0) resolve();
      else this.#onArmed.push(resolve);
    });
  }

  /**
   * Moves time by `ms` and fires, each at its own time, every timer that comes due, those included
   * that are set on the way. What they resolve runs once the test awaits something.
   */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (let next = this.#dueBy(end); next; next = this.#dueBy(end)) {
      this.#timers.delete(next);
      this.#elapsed = next.due;
      next.fn();
    }
    this.#elapsed = end;
  }

  #dueBy(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (first === undefined || timer.due < first.due)) first = timer;
    }
    return first;
  }
}
