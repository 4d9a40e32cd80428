import type { RateLimit } from "../../core/rate_limit.ts";
import type { RuleCounters } from "../counters.ts";
import type { OpenOutcome } from "../forwarder.ts";

/** A rule the engine runs, of whatever protocol. */
export interface RunningRule {
  counters(): RuleCounters;

  /** Replaces the caps, as the forwarder's `setLimits` does. */
  setLimits(limits: RateLimit | null): OpenOutcome;

  /**
   * Takes nothing new, which another process does that has the sockets. What was taken goes on
   * until `close`, which has something to drain then whatever the protocol is.
   *
   * @returns a promise that resolves when nothing new can come
   */
  retire(): Promise<void>;

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
