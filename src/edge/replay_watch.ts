/**
 * When the replay that follows Welcome is over. The protocol does not say it.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";

/** A replay whose end nobody announces is over when it pauses for this long. */
const QUIET_MS = 5_000;

/** What is over, each called once. A session that ends before then calls nothing. */
export interface ReplayEnds {
  /** Quotas come first: they are over with the first rule. */
  quotas(): void;
  /** As many rules came as the server announced, or the replay paused. */
  rules(): void;
  /** Owners' caps come last, without a mark of any kind: they are over when the replay pauses. */
  caps(): void;
}

/**
 * Follows a replay: quotas, rules, owners' caps, in this order (spec `wire.md` §4.4).
 *
 * Being late is harmless: what the server no longer wants goes on for a few seconds. So is a
 * server that pauses in the middle: what was given up too early comes back when it is named.
 */
export class ReplayWatch implements Disposable {
  readonly #clock: Clock;
  readonly #ends: ReplayEnds;
  #rulesLeft: number | null;
  #areQuotasOver = false;
  #areRulesOver = false;
  #isOver = false;
  #timer: Disposable | null = null;

  constructor(options: {
    /** How many rules the replay has; `null` from a server that does not say (3.1.0). */
    readonly announced: number | null;
    readonly clock: Clock;
    readonly ends: ReplayEnds;
  }) {
    this.#clock = options.clock;
    this.#ends = options.ends;
    this.#rulesLeft = options.announced;
    if (this.#rulesLeft === 0) this.#endRules();
    this.#rearm();
  }

  /** A quota or the caps of an owner came. */
  sawOwner(): void {
    this.#rearm();
  }

  /** A replayed rule came, and was applied. */
  sawRule(): void {
    if (this.#isOver) return;
    this.#endQuotas();
    if (this.#rulesLeft !== null) this.#rulesLeft -= 1;
    if (this.#rulesLeft === 0) this.#endRules();
    this.#rearm();
  }

  #rearm(): void {
    if (this.#isOver) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.timer(QUIET_MS, () => this.#end());
  }

  #end(): void {
    this[Symbol.dispose]();
    this.#endQuotas();
    this.#endRules();
    this.#ends.caps();
  }

  #endQuotas(): void {
    if (this.#areQuotasOver) return;
    this.#areQuotasOver = true;
    this.#ends.quotas();
  }

  #endRules(): void {
    if (this.#areRulesOver) return;
    this.#areRulesOver = true;
    this.#ends.rules();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
  }
}
