/**
 * What all rules of an owner share: caps and quota.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import type { OwnerCounters } from "../counters.ts";
import type { QuotaState } from "../forwarder.ts";
import { Limiter } from "./limiter.ts";
import { Quota } from "./quota.ts";

/** An owner, as its rules hold on to it: changes reach everybody who does. */
export class Owner {
  readonly limiter: Limiter;
  readonly quota = new Quota();

  constructor(clock: Clock) {
    this.limiter = new Limiter(clock, "owner");
  }
}

/** The owners of an engine. They stay as long as it does: one for each user with rules or caps. */
export class Owners {
  readonly #clock: Clock;
  readonly #byId = new Map<string, Owner>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The owner called `id`, always the same one. */
  get(id: string): Owner {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const owner = new Owner(this.#clock);
    this.#byId.set(id, owner);
    return owner;
  }

  /** What is left of the quota of the owner called `id`; `null` without one. */
  quota(id: string): QuotaState | null {
    return this.#byId.get(id)?.quota.state ?? null;
  }

  /** Counters of the owners whose caps did something. */
  counters(): OwnerCounters[] {
    return [...this.#byId].flatMap(([ownerId, { limiter }]) => {
      const rateLimit = limiter.counters();
      return rateLimit === null ? [] : [{ ownerId, rateLimit }];
    });
  }
}
