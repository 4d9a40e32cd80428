import { type Clock } from "../core/clock.ts";
import { instantFromMillis } from "../core/instant.ts";
import type { AttemptKey } from "../store/login_attempts.ts";
import type { AttemptStore } from "./identity_store.ts";

/** Limits how often secrets can be guessed. Persistent: a restart gives no new guesses. */
export class Throttle {
  readonly #store: AttemptStore;
  readonly #clock: Clock;

  constructor(store: AttemptStore, clock: Clock) {
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
    await this.#store.countAttempt(key, instantFromMillis(this.#clock.now()));
    const result = await attempt();
    await this.#store.forgetAttempts(key);
    return result;
  }
}
