/**
 * Failed attempts to guess a secret (table `login_attempts`).
 *
 * @module
 */

import { toStoreText } from "../core/instant.ts";
import type { Failures } from "../core/throttle.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** Who tries what, from where. */
export interface AttemptKey {
  /** A user id, or a name beginning with `_` for what is no user. */
  readonly subject: string;
  /** IP address, without a port. */
  readonly remoteAddr: string;
  readonly action: "login" | "onboarding" | "password_reset";
}

export class LoginAttemptRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get({ subject, remoteAddr, action }: AttemptKey): Failures | undefined {
    const columns = this.#store.db.get(
      "SELECT * FROM login_attempts WHERE subject = ? AND remote_addr = ? AND action = ?",
      subject,
      remoteAddr,
      action,
    );
    if (!columns) return undefined;
    const row = new Row("login_attempts", "subject", columns);
    return {
      count: row.number("failures"),
      firstAt: row.instantOrNull("first_failed_at"),
      lastAt: row.instantOrNull("last_failed_at"),
      lockedUntil: row.instantOrNull("locked_until"),
    };
  }

  /** Enters or replaces the record of a key. */
  put({ subject, remoteAddr, action }: AttemptKey, failures: Failures): void {
    const textOrNull = (at: Temporal.Instant | null) => at && toStoreText(at);
    this.#store.db.run(
      `INSERT INTO login_attempts (subject, remote_addr, action, failures, first_failed_at,
         last_failed_at, locked_until)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (subject, remote_addr, action) DO UPDATE SET
         failures = excluded.failures, first_failed_at = excluded.first_failed_at,
         last_failed_at = excluded.last_failed_at, locked_until = excluded.locked_until`,
      subject,
      remoteAddr,
      action,
      failures.count,
      textOrNull(failures.firstAt),
      textOrNull(failures.lastAt),
      textOrNull(failures.lockedUntil),
    );
  }

  delete({ subject, remoteAddr, action }: AttemptKey): void {
    this.#store.db.run(
      "DELETE FROM login_attempts WHERE subject = ? AND remote_addr = ? AND action = ?",
      subject,
      remoteAddr,
      action,
    );
  }

  /** Deletes records without a lock in force whose last failure is before `since`. */
  sweep(now: Temporal.Instant, since: Temporal.Instant): number {
    return this.#store.db.run(
      `DELETE FROM login_attempts
       WHERE last_failed_at < ? AND (locked_until IS NULL OR locked_until <= ?)`,
      toStoreText(since),
      toStoreText(now),
    );
  }
}
