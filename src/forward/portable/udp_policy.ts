/**
 * What caps and quota have to say about the flows of a rule.
 *
 * @module
 */

import type { RejectReason } from "../../core/rate_limit.ts";
import type { Direction, Limiter, Scope } from "../policy/limiter.ts";
import type { Owner } from "../policy/owners.ts";

/** The outcome of asking for a flow to be let in. */
export type FlowAdmission =
  | {
    readonly ok: true;
    /** Disposed of once, when the flow ends. */
    readonly hold: Disposable;
  }
  | { readonly ok: false; readonly scope: Scope; readonly reason: RejectReason };

/** Caps and quota of one rule and its owner, as they are at the moment of each question. */
export class UdpPolicy {
  readonly #rule: Limiter;
  readonly #owner: Owner | null;
  readonly #hold: Disposable;

  /** @param owner `null` for a rule that belongs to nobody */
  constructor(rule: Limiter, owner: Owner | null) {
    this.#rule = rule;
    this.#owner = owner;
    this.#hold = {
      [Symbol.dispose]() {
        rule.release();
        owner?.limiter.release();
      },
    };
  }

  /** Whether the quota is used up: nothing passes then. */
  get isExhausted(): boolean {
    return this.#owner?.quota.isExhausted ?? false;
  }

  /** Lets a flow in, or says why not: the owner's caps first, then the rule's. */
  admit(): FlowAdmission {
    const ofOwner = this.#owner?.limiter.admit("flow") ?? null;
    if (ofOwner !== null) return { ok: false, scope: "owner", reason: ofOwner };
    const reason = this.#rule.admit("flow");
    if (reason === null) return { ok: true, hold: this.#hold };
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
}
