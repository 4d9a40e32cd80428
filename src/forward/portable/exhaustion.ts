import type { Clock } from "../../core/clock.ts";
import { FORWARD } from "../../core/limits.ts";
import type { TrafficPolicy } from "../policy/traffic_policy.ts";

/**
 * Ends what a used-up quota does not end by itself, because nothing moves in it: calls `end` a
 * moment after the quota of `policy` was used up, if it still is.
 */
export class Exhaustion implements Disposable {
  readonly #policy: TrafficPolicy;
  readonly #clock: Clock;
  readonly #end: (reason: Error) => void;
  readonly #subscription: Disposable | null;
  #grace: Disposable | null = null;

  constructor(policy: TrafficPolicy, clock: Clock, end: (reason: Error) => void) {
    this.#policy = policy;
    this.#clock = clock;
    this.#end = end;
    this.#subscription = policy.onExhausted(() => this.#exhausted());
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
    this.#grace?.[Symbol.dispose]();
  }

  #exhausted(): void {
    this.#grace?.[Symbol.dispose]();
    this.#grace = this.#clock.timer(FORWARD.exhaustedGraceMs, () => {
      if (this.#policy.isExhausted) this.#end(new Error("quota_exhausted"));
    });
  }
}
