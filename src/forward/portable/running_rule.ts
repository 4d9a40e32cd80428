import type { RateLimit } from "../../core/rate_limit.ts";
import type { RuleCounters } from "../counters.ts";
import type { OpenOutcome } from "../forwarder.ts";

/** A rule the engine runs, of whatever protocol. */
export interface RunningRule {
  counters(): RuleCounters;

  /** Replaces the caps, as the forwarder's `setLimits` does. */
  setLimits(limits: RateLimit | null): OpenOutcome;

  /**
   * Stops accepting, and cuts what is left after `drainMs`. Calling it again can only bring the
   * cut forward.
   *
   * @returns a promise that resolves when the last task of the rule has ended
   */
  close(drainMs: number): Promise<void>;

  /** Resolves, after `close`, when the ports can be bound again. */
  readonly released: Promise<void>;
}
