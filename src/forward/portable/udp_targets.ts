/**
 * The targets of a UDP rule.
 *
 * @module
 */

import type { TargetCounters } from "../counters.ts";

/** Somewhere that flows may go. */
export interface UdpTarget {
  /** Place in the rule's `targets`, from 0; `null` for the one target of a rule without a list. */
  readonly index: number | null;
  /** IPv4, `[IPv6]` or a host name. */
  readonly host: string;
  readonly port: number;
  /** A flow goes there. */
  dialed(): void;
  /** A flow could not go there, or the system said that nobody is there. */
  failed(): void;
  /** A flow got its first reply. */
  answered(): void;
  /** A datagram was delivered. */
  countIn(bytes: number): void;
  countOut(bytes: number): void;
}

/** All targets of a rule. */
export interface UdpTargets {
  /** The targets for a flow of a listen port with `targetPort`, the first to try first. */
  order(targetPort: number): readonly UdpTarget[];
  readonly failovers: bigint;
  counters(): readonly TargetCounters[];
}

/** The target of a rule without a list; its ports follow the listen ports. */
export class SingleTarget implements UdpTargets {
  readonly failovers = 0n;
  readonly #host: string;

  constructor(host: string) {
    this.#host = host;
  }

  order(targetPort: number): readonly UdpTarget[] {
    const nothing = () => {};
    return [{
      index: null,
      host: this.#host,
      port: targetPort,
      dialed: nothing,
      failed: nothing,
      answered: nothing,
      countIn: nothing,
      countOut: nothing,
    }];
  }

  counters(): readonly TargetCounters[] {
    return [];
  }
}
