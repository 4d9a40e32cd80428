/**
 * Whether a target of a rule with several is worth trying, as attempts and probes tell.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { FAILOVER } from "../../core/limits.ts";

/** A target as {@linkcode TargetHealth} sees it. */
export type Health = "healthy" | "failed";

/** Called when a target changes its state; `consecutiveFailures` are those that led to it. */
export type OnHealthChange = (to: Health, consecutiveFailures: number) => void;

/**
 * The state of one target. It starts healthy, fails with the third failure within 30 s of the
 * first one, and is healthy again after two successes in a row.
 */
export class TargetHealth {
  readonly #clock: Clock;
  readonly #onChange: OnHealthChange;
  #state: Health = "healthy";
  #consecutiveFailures = 0;
  /** When the first of these failures was, in monotonic time; `null` without an open window. */
  #windowOpenedAt: number | null = null;
  #successRun = 0;
  #lastFailureAtMs: number | null = null;
  #lastSuccessAtMs: number | null = null;

  constructor(clock: Clock, onChange: OnHealthChange) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get state(): Health {
    return this.#state;
  }

  /** Failures of the window that is open; they are counted on while the target is failed. */
  get consecutiveFailures(): number {
    return this.#consecutiveFailures;
  }

  /** Unix milliseconds; `null` before the first one. */
  get lastFailureAtMs(): number | null {
    return this.#lastFailureAtMs;
  }

  /** Unix milliseconds; `null` before the first one. */
  get lastSuccessAtMs(): number | null {
    return this.#lastSuccessAtMs;
  }

  failed(): void {
    this.#lastFailureAtMs = this.#clock.now();
    this.#successRun = 0;
    const now = this.#clock.monotonic();
    const isOpen = this.#windowOpenedAt !== null &&
      now - this.#windowOpenedAt <= FAILOVER.windowMs;
    if (!isOpen) this.#windowOpenedAt = now;
    this.#consecutiveFailures = isOpen ? this.#consecutiveFailures + 1 : 1;
    if (this.#state === "healthy" && this.#consecutiveFailures >= FAILOVER.failuresMax) {
      this.#change("failed");
    }
  }

  succeeded(): void {
    this.#lastSuccessAtMs = this.#clock.now();
    if (this.#state === "failed") {
      this.#successRun += 1;
      if (this.#successRun < FAILOVER.successesToRecover) return;
      this.#change("healthy");
    }
    this.#successRun = 0;
    this.#consecutiveFailures = 0;
    this.#windowOpenedAt = null;
  }

  #change(to: Health): void {
    this.#state = to;
    this.#onChange(to, this.#consecutiveFailures);
  }
}
