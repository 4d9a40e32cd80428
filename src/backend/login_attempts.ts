/**
 * Failed attempts to guess a secret, counted for all servers together.
 *
 * @module
 */

import type { Failures } from "../core/throttle.ts";
import type { AttemptKey } from "../store/login_attempts.ts";
import { Row } from "../store/row.ts";
import { instantOrNull, millisOf } from "./rows.ts";
import type { Dialect, SqlParameter, SqlSession } from "./sql.ts";

const OF_KEY = "WHERE subject = ? AND remote_addr = ? AND action = ?";

/** What is known of a key, which nobody else changes until the transaction is over. */
export async function failuresOf(
  sql: SqlSession,
  dialect: Dialect,
  key: AttemptKey,
): Promise<Failures | undefined> {
  // Only a row that exists can be locked.
  await sql.query(
    `INSERT INTO portunus_login_attempts (subject, remote_addr, action, failures)
     VALUES (?, ?, ?, 0)${dialect.ignoreExisting("subject")}`,
    ...valuesOf(key),
  );
  const { rows: [columns] } = await sql.query(
    `SELECT * FROM portunus_login_attempts ${OF_KEY}${dialect.forUpdate}`,
    ...valuesOf(key),
  );
  if (!columns) return undefined;
  const row = new Row("portunus_login_attempts", "subject", columns);
  if (row.number("failures") === 0) return undefined;
  return {
    count: row.number("failures"),
    firstAt: instantOrNull(row, "first_failed_at"),
    lastAt: instantOrNull(row, "last_failed_at"),
    lockedUntil: instantOrNull(row, "locked_until"),
  };
}

/** Replaces what is known of a key; `null` for nothing. */
export async function putFailures(
  sql: SqlSession,
  key: AttemptKey,
  failures: Failures | null,
): Promise<void> {
  if (failures === null) {
    await sql.query(`DELETE FROM portunus_login_attempts ${OF_KEY}`, ...valuesOf(key));
    return;
  }
  const millisOrNull = (at: Temporal.Instant | null) => at && millisOf(at);
  await sql.query(
    `UPDATE portunus_login_attempts SET failures = ?, first_failed_at = ?, last_failed_at = ?,
       locked_until = ? ${OF_KEY}`,
    failures.count,
    millisOrNull(failures.firstAt),
    millisOrNull(failures.lastAt),
    millisOrNull(failures.lockedUntil),
    ...valuesOf(key),
  );
}

/** As long as the columns are. */
function valuesOf({ subject, remoteAddr, action }: AttemptKey): readonly SqlParameter[] {
  return [subject.slice(0, 64), remoteAddr.slice(0, 64), action];
}
