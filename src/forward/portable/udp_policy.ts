/**
 * What caps and quotas have to say about the flows of a rule.
 *
 * @module
 */

/** From the outside to the target, or back. */
export type Direction = "in" | "out";

/** The outcome of asking for a flow to be let in. */
export type FlowAdmission =
  | {
    readonly ok: true;
    /** Disposed of when the flow ends. */
    readonly hold: Disposable;
  }
  | { readonly ok: false; readonly scope: "owner" | "rule"; readonly reason: string };

/** Caps and quotas of one rule and its owner, as they are at the moment. */
export interface UdpPolicy {
  /** Whether the quota is used up: nothing passes then. */
  readonly isExhausted: boolean;
  admit(): FlowAdmission;
  /** Whether a datagram of `bytes` fits the bandwidth; what it takes of it is spent. */
  allow(direction: Direction, bytes: number): boolean;
  /** Takes a datagram that was delivered off the quota. */
  debit(bytes: number): void;
}

const nothing: Disposable = { [Symbol.dispose]() {} };

/** No caps and no quota. */
export const uncapped: UdpPolicy = {
  isExhausted: false,
  admit: () => ({ ok: true, hold: nothing }),
  allow: () => true,
  debit: () => {},
};
