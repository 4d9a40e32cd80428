/**
 * What all rules of an owner share: caps and quota.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import type { OwnerCounters } from "../counters.ts";
import type { QuotaState } from "../forwarder.ts";
import { Limiter } from "./limiter.ts";
import type { Meter } from "./meter.ts";
import { Quota } from "./quota.ts";

/** An owner, as its rules hold on to it: changes reach everybody who does. */
export class Owner {
  readonly limiter: Limiter;
  readonly quota: Quota;

  constructor(clock: Clock, meter: Meter) {
    this.limiter = new Limiter(clock, "owner", meter);
    this.quota = new Quota(meter);
  }
}

/** The owners of an engine. They stay as long as it does: one for each user with rules or caps. */
export class Owners {
  readonly #clock: Clock;
  readonly #createMeter: () => Meter;
  readonly #byId = new Map<string, Owner>();

  constructor(clock: Clock, createMeter: () => Meter) {
    this.#clock = clock;
    this.#createMeter = createMeter;
  }

  /** The owner called `id`, always the same one. */
  get(id: string): Owner {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const owner = new Owner(this.#clock, this.#createMeter());
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
