/**
 * What caps and quota have to say about the connections and flows of a rule.
 *
 * @module
 */

import { FORWARD } from "../../core/limits.ts";
import type { RejectReason } from "../../core/rate_limit.ts";
import type { Admitted, Limiter, Scope } from "./limiter.ts";
import type { Direction, Meter } from "./meter.ts";
import type { Owner } from "./owners.ts";

/** The outcome of asking for a connection or flow to be let in. */
export type Admission =
  | {
    readonly ok: true;
    /** Its place, which is given back when it is disposed of; once more does nothing. */
    readonly hold: Disposable;
  }
  | { readonly ok: false; readonly scope: Scope; readonly reason: RejectReason };

/** Caps and quota of one rule and its owner, as they are at the moment of each question. */
export class TrafficPolicy {
  /** The caps in the order they are asked: the owner's, then the rule's. */
  readonly limiters: readonly Limiter[];
  readonly #rule: Limiter;
  readonly #owner: Owner | null;
  readonly #what: Admitted;

  /** @param owner `null` for a rule that belongs to nobody */
  constructor(rule: Limiter, owner: Owner | null, what: Admitted) {
    this.limiters = owner === null ? [rule] : [owner.limiter, rule];
    this.#rule = rule;
    this.#owner = owner;
    this.#what = what;
  }

  /** Whether the quota is used up: nothing passes then. */
  get isExhausted(): boolean {
    return this.#owner?.quota.isExhausted ?? false;
  }

  /** Where it stands what may pass: what the rule has, and its owner. */
  get meters(): { readonly rule: Meter; readonly owner: Meter | null } {
    return { rule: this.#rule.meter, owner: this.#owner?.limiter.meter ?? null };
  }

  /** Lets one in, or says why not: the owner's caps first, then the rule's. */
  admit(): Admission {
    const ofOwner = this.#owner?.limiter.admit(this.#what) ?? null;
    if (ofOwner !== null) return { ok: false, scope: "owner", reason: ofOwner };
    const reason = this.#rule.admit(this.#what);
    if (reason === null) return { ok: true, hold: new Hold(this.limiters) };
    this.#owner?.limiter.release();
    return { ok: false, scope: "rule", reason };
  }

  /** Whether a datagram of `bytes` fits the bandwidth. What the owner's took of it stays spent. */
  allow(direction: Direction, bytes: number): boolean {
    const owner = this.#owner?.limiter;
    return (owner === undefined || owner.acquire(direction, bytes) === 0) &&
      this.#rule.acquire(direction, bytes) === 0;
  }

  /** Takes a datagram that was delivered off the quota. */
  debit(bytes: number): void {
    this.#owner?.quota.consume(bytes);
  }

  /**
   * Takes bytes that are about to be sent off the quota.
   *
   * @returns whether they may be sent: all of them, or none
   */
  spend(bytes: number): boolean {
    return this.#owner?.quota.consume(bytes) ?? true;
  }

  /** Whether bandwidth in `direction` is capped. */
  isThrottled(direction: Direction): boolean {
    return this.#rule.rate(direction) !== null ||
      (this.#owner !== null && this.#owner.limiter.rate(direction) !== null);
  }

  /**
   * How much to read at a time in a direction that is throttled: a tenth of a second of the rate,
   * and no more than the buckets can hold.
   */
  chunkBytes(direction: Direction): number {
    const { throttledChunkMinBytes: least, largeBuffers: { bytes: most } } = FORWARD;
    const rate = Math.min(...this.limiters.map((it) => it.rate(direction) ?? Infinity));
    const burst = Math.min(...this.limiters.map((it) => it.burst(direction)));
    return Math.max(1, Math.min(burst, Math.max(least, Math.min(most, Math.floor(rate / 10)))));
  }

  /** Calls `end` when the quota is used up, until disposed of. */
  onExhausted(end: () => void): Disposable | null {
    return this.#owner?.quota.onExhausted(end) ?? null;
  }
}

/** A place under each of some caps. */
class Hold implements Disposable {
  #limiters: readonly Limiter[];

  constructor(limiters: readonly Limiter[]) {
    this.#limiters = limiters;
  }

  [Symbol.dispose](): void {
    for (const limiter of this.#limiters) limiter.release();
    this.#limiters = [];
  }
}
