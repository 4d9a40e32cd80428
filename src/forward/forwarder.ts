/**
 * The data plane's contract. Engines implement it; the edge and standalone mode use it and know
 * no engine. Rules cross it as whole, validated snapshots, and counters are read, never pushed,
 * so nothing of the control plane runs on a packet's path.
 *
 * @module
 */

import type { RateLimit } from "../core/rate_limit.ts";
import type { RuleSpec } from "../core/rule.ts";
import type { ForwarderCounters } from "./counters.ts";
import type { Succession } from "./succession.ts";

/** Result of {@linkcode Forwarder.open}. `reason` is one of the wire's failure reasons. */
export type OpenOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** The end of a rule, in two steps. */
export interface Closing {
  /** Resolves when the listen ports are free for anybody, which takes about a turn. */
  readonly released: Promise<void>;
  /** Resolves when the last connection has ended; never before `released`. */
  readonly drained: Promise<void>;
}

/** What is left of a user's traffic on this host. */
export interface QuotaState {
  /** Bytes that may still pass, in and out together; at least 0. */
  readonly remainingBytes: bigint;
  readonly exhausted: boolean;
}

/** Bounds on the UDP flows of every rule. */
export interface UdpSettings {
  /** Flows of one rule at a time. */
  readonly flowsMax: number;
  /** A flow without a datagram for this long is forgotten; 0 keeps flows for ever. */
  readonly idleMs: number;
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
   * Replaces the caps of a running rule; `null` lifts them. Running connections follow. Tokens and
   * counts are kept: raising a cap mints nothing, lowering one strands nothing. Reason as for
   * `open`.
   *
   * @throws {TypeError} when no rule of that id is open
   */
  setLimits(ruleId: bigint, limits: RateLimit | null): OpenOutcome;

  /**
   * Replaces the caps that all rules of an owner share, running ones and those to come; `null`
   * lifts them.
   */
  setOwnerLimits(ownerId: string, limits: RateLimit | null): void;

  /**
   * Replaces what is left of an owner's quota; `null` ends the metering. Rules, connections and
   * flows of that owner follow at once, those that are open already too.
   */
  setQuota(ownerId: string, quota: QuotaState | null): void;

  /** What is left of an owner's quota now; `null` without one. */
  quota(ownerId: string): QuotaState | null;

  /** Holds for rules opened from now on. */
  setUdp(settings: UdpSettings): void;

  /**
   * Stops accepting for the rule at once: a following `open` can have its ports without waiting.
   * Established connections go on; what is left after `drainMs`, a dial in progress too, is cut.
   *
   * @throws {TypeError} when no rule of that id is open
   */
  close(ruleId: bigint, drainMs: number): Closing;

  /** Counters of everything that is open, and of the owners' caps. */
  counters(): ForwarderCounters;

  /** How another process takes this one's place; `null` where none can. */
  readonly succession: Succession | null;

  /**
   * Takes nothing new any more, in any rule: another process has the listening sockets, and what
   * waits in their queues is its. Connections and flows go on, and are counted, until they end or
   * `drainMs` are over. No rule can be opened any more.
   */
  retire(drainMs: number): Closing;

  /**
   * Closes every rule as `close` does, for good, and resolves when all is drained. Rules that
   * drain already are cut after `drainMs` at the latest; disposing cuts everything.
   */
  shutdown(drainMs: number): Promise<void>;
}
