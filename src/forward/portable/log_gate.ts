/**
 * Keeping a flood of datagrams or connections from becoming a flood of log lines.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { FORWARD } from "../../core/limits.ts";

interface Window {
  openedAt: number;
  lines: number;
  suppressed: number;
}

/** Lets so many lines of each event pass in a second. */
export class LogGate {
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a line of `event` may be written now: then the number of those before that were not. */
  pass(event: string): { readonly suppressed: number } | null {
    const now = this.#clock.monotonic();
    const window = this.#windows.get(event) ?? { openedAt: now, lines: 0, suppressed: 0 };
    this.#windows.set(event, window);
    if (now - window.openedAt >= 1_000) {
      window.openedAt = now;
      window.lines = 0;
    }
    if (window.lines >= FORWARD.gatedWarningsPerSecMax) {
      window.suppressed += 1;
      return null;
    }
    const { suppressed } = window;
    window.lines += 1;
    window.suppressed = 0;
    return { suppressed };
  }
}
