import { AccessError } from "../core/errors.ts";
import { countFailure, isLocked } from "../core/throttle.ts";
import type { AttemptStore } from "../identity/identity_store.ts";
import type { AttemptKey } from "../store/login_attempts.ts";
import { failuresOf, putFailures } from "./login_attempts.ts";
import type { Shared } from "./shared.ts";
import type { SqlSession } from "./sql.ts";

/** Failed attempts, counted for all servers together. */
export class SharedAttempts implements AttemptStore {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  async countAttempt(key: AttemptKey, now: Temporal.Instant): Promise<void> {
    const { dialect } = this.#shared.database;
    await this.#write(async (sql) => {
      const failures = await failuresOf(sql, dialect, key);
      if (isLocked(failures, now)) {
        throw new AccessError("rate_limited", "too many failed attempts");
      }
      await putFailures(sql, key, countFailure(failures, now));
    });
  }

  async forgetAttempts(key: AttemptKey): Promise<void> {
    await this.#write((sql) => putFailures(sql, key, null));
  }

  /** One attempt more or less that is counted harms nobody. */
  #write(work: (sql: SqlSession) => Promise<void>): Promise<void> {
    return this.#shared.database.write(work, () => Promise.resolve(false));
  }
}
