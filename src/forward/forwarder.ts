/**
 * The data plane's contract. Engines implement it; the edge and standalone mode use it and know
 * no engine. Rules cross it as whole, validated snapshots, and counters are read, never pushed,
 * so nothing of the control plane runs on a packet's path.
 *
 * @module
 */

import type { RateLimit } from "../core/rate_limit.ts";
import type { RuleSpec } from "../core/rule.ts";

/** Result of {@linkcode Forwarder.open}. `reason` is one of the wire's failure reasons. */
export type OpenOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** The end of a rule, in two steps. */
export interface Closing {
  /** Resolves when the listen ports are free for anybody, which takes about a turn. */
  readonly released: Promise<void>;
  /** Resolves when the last connection has ended; never before `released`. */
  readonly drained: Promise<void>;
}

/** Counters of one listen port. */
export interface PortCounters {
  readonly listenPort: number;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
  readonly activeConnections: number;
  readonly datagramsIn: bigint;
  readonly datagramsOut: bigint;
}

/** Counters of one rule. Totals are cumulative since the rule was opened; `active*` are gauges. */
export interface RuleCounters {
  readonly ruleId: bigint;
  /** Payload bytes from the outside to the target, counted once written to the target. */
  readonly bytesIn: bigint;
  /** Payload bytes from the target to the outside, counted once written there. */
  readonly bytesOut: bigint;
  readonly activeConnections: number;
  /** One entry per listen port, ascending; empty unless the rule spans more than one. */
  readonly perPort: readonly PortCounters[];
  readonly dnsFailures: bigint;
  readonly datagramsIn: bigint;
  readonly datagramsOut: bigint;
  readonly activeFlows: number;
  readonly flowsDroppedOverflow: bigint;
}

/**
 * A set of running rules.
 *
 * Operations on one rule id must not overlap: a caller waits for `open` before it closes, and
 * closes (not necessarily drains) before it opens the id again.
 */
export interface Forwarder extends AsyncDisposable {
  /**
   * Binds every listener of `rule`, or none, and starts forwarding.
   *
   * Never throws for what the outside world can cause (a taken port, a missing permission, a
   * shape this engine does not forward): that is a reason.
   *
   * @throws {TypeError} when the rule id is open already, or the forwarder is shut down
   */
  open(rule: RuleSpec): Promise<OpenOutcome>;

  /**
   * Replaces the caps of a running rule; `null` lifts them. Reason as for `open`.
   *
   * @throws {TypeError} when no rule of that id is open
   */
  setLimits(ruleId: bigint, limits: RateLimit | null): OpenOutcome;

  /**
   * Stops accepting for the rule at once: a following `open` can have its ports without waiting.
   * Established connections go on; what is left after `drainMs`, a dial in progress too, is cut.
   *
   * @throws {TypeError} when no rule of that id is open
   */
  close(ruleId: bigint, drainMs: number): Closing;

  /** Counters of every open rule, in no particular order. */
  counters(): RuleCounters[];

  /**
   * Closes every rule as `close` does, for good, and resolves when all is drained. Rules that
   * drain already are cut after `drainMs` at the latest; disposing cuts everything.
   */
  shutdown(drainMs: number): Promise<void>;
}
