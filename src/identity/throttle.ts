import { type Clock } from "../core/clock.ts";
import { AccessError } from "../core/errors.ts";
import { instantFromMillis } from "../core/instant.ts";
import { THROTTLE } from "../core/limits.ts";
import { countFailure, isLocked } from "../core/throttle.ts";
import type { IdentityStore } from "../store/identity.ts";
import type { AttemptKey } from "../store/login_attempts.ts";

/** Limits how often secrets can be guessed. Persistent: a restart gives no new guesses. */
export class Throttle {
  readonly #store: IdentityStore;
  readonly #clock: Clock;

  constructor(store: IdentityStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Runs `attempt`, whose every error counts as a failure. It is counted before it is judged, so
   * that guesses made at the same time count too.
   *
   * @throws {AccessError} `rate_limited`, uncounted, while there is a lock
   */
  async guard<T>(key: AttemptKey, attempt: () => Promise<T>): Promise<T> {
    this.#count(key);
    const result = await attempt();
    this.#store.attempts.delete(key);
    return result;
  }

  #count(key: AttemptKey): void {
    const { attempts } = this.#store;
    const now = instantFromMillis(this.#clock.now());
    this.#store.write(() => {
      const failures = attempts.get(key);
      if (isLocked(failures, now)) {
        throw new AccessError("rate_limited", "too many failed attempts");
      }
      attempts.sweep(now, now.subtract({ seconds: THROTTLE.forgetSecs }));
      attempts.put(key, countFailure(failures, now));
    });
  }
}
