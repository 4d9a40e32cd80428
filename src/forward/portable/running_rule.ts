import type { RuleCounters } from "../counters.ts";

/** A rule the engine runs, of whatever protocol. */
export interface RunningRule {
  counters(): RuleCounters;

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
