import { SHARED_IDENTITY, THROTTLE, WEB_SESSION } from "../core/limits.ts";
import type { SharedDatabase } from "./database.ts";
import { millisOf } from "./rows.ts";

/** Deletes failures that are forgotten, and sessions that cannot be used again. */
export async function sweepShared(database: SharedDatabase, now: Temporal.Instant): Promise<void> {
  const idleSecs = WEB_SESSION.idleSecs + SHARED_IDENTITY.touchIntervalSecs;
  await database.write(async (sql) => {
    await sql.query(
      `DELETE FROM portunus_login_attempts
       WHERE (last_failed_at IS NULL OR last_failed_at < ?)
         AND (locked_until IS NULL OR locked_until <= ?)`,
      millisOf(now) - THROTTLE.forgetSecs * 1_000,
      millisOf(now),
    );
    await sql.query(
      "DELETE FROM portunus_web_sessions WHERE absolute_expires_at < ? OR last_seen_at < ?",
      millisOf(now),
      millisOf(now) - idleSecs * 1_000,
    );
  }, () => Promise.resolve(false));
}
