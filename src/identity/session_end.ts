import { WEB_SESSION } from "../core/limits.ts";
import type { WebSessionRow } from "../store/web_sessions.ts";

type SessionTimes = Pick<WebSessionRow, "revokedAt" | "lastSeenAt" | "absoluteExpiresAt">;

/** Whether a Web session is revoked, past its end, or was idle for too long. */
export function hasEnded(session: SessionTimes, now: Temporal.Instant): boolean {
  const { revokedAt, lastSeenAt, absoluteExpiresAt } = session;
  const idleUntil = lastSeenAt.add({ seconds: WEB_SESSION.idleSecs });
  return revokedAt !== null || Temporal.Instant.compare(now, absoluteExpiresAt) > 0 ||
    Temporal.Instant.compare(now, idleUntil) > 0;
}
