/**
 * Web sessions of a shared database.
 *
 * @module
 */

import { AccessError } from "../core/errors.ts";
import { WEB_SESSION } from "../core/limits.ts";
import type { SessionStore, VerifiedLogin } from "../identity/identity_store.ts";
import { hasEnded } from "../identity/session_end.ts";
import { afterLogin } from "../identity/totp_state.ts";
import type { ListedWebSession, NewWebSession, WebSessionRow } from "../store/web_sessions.ts";
import type { Columns } from "../store/database.ts";
import { millisOf, SESSIONS, SESSIONS_OF, toListedSession, toSession } from "./rows.ts";
import type { Shared } from "./shared.ts";
import type { SqlSession } from "./sql.ts";
import { Touches } from "./touches.ts";

export class SharedSessions implements SessionStore, AsyncDisposable {
  readonly #shared: Shared;
  readonly #session: (sessionHash: string) => Promise<Columns | undefined>;
  readonly #touches: Touches;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#session = shared.lookups(SESSIONS);
    this.#touches = new Touches((hash, at) =>
      shared.update(
        "UPDATE portunus_web_sessions SET last_seen_at = ? WHERE session_hash = ?",
        millisOf(at),
        hash,
      )
    );
  }

  insertSession(
    session: NewWebSession,
    login: VerifiedLogin,
  ): Promise<{ readonly passwordChangeRequired: boolean }> {
    const { userId, sessionHash, createdAt: now } = session;
    const verified = async (sql: SqlSession) => {
      const user = await this.#shared.users.lock(sql, userId);
      if (!user || user.disabled || user.passwordHash !== login.passwordHash) {
        throw new AccessError("invalid_login", "invalid login");
      }
      return user;
    };
    return this.#shared.write(userId, async (sql) => {
      const { passwordChangeRequired, totp } = await verified(sql);
      const used = afterLogin(totp, login.code);
      if (used !== undefined) await this.#shared.users.setTotp(sql, userId, used);
      await sql.query(
        `DELETE FROM portunus_web_sessions
           WHERE user_id = ? AND (revoked_at IS NOT NULL OR absolute_expires_at < ?
             OR last_seen_at < ?)`,
        userId,
        millisOf(now),
        millisOf(now) - WEB_SESSION.idleSecs * 1_000,
      );
      await sql.query(
        `INSERT INTO portunus_web_sessions (session_hash, user_id, created_at, last_seen_at,
             absolute_expires_at, remote_addr, user_agent) VALUES (?, ?, ?, ?, ?, ?, ?)`,
        sessionHash,
        userId,
        millisOf(now),
        millisOf(now),
        millisOf(session.absoluteExpiresAt),
        session.remoteAddr,
        session.userAgent?.slice(0, WEB_SESSION.userAgentMaxChars) ?? null,
      );
      return { passwordChangeRequired };
    }, async (sql) => {
      await this.#shared.users.lock(sql, userId);
      return (await sql.query(SESSIONS.sql, sessionHash)).rows.length > 0;
    });
  }

  async useSession(
    sessionHash: string,
    now: Temporal.Instant,
  ): Promise<WebSessionRow | undefined> {
    const columns = await this.#session(sessionHash);
    if (!columns) return undefined;
    const row = toSession(columns);
    const lastSeenAt = this.#touches.latest(sessionHash, row.lastSeenAt);
    const session = { ...row, lastSeenAt };
    if (hasEnded(session, now)) return undefined;
    if (!session.disabled) this.#touches.touch(sessionHash, row.lastSeenAt, now);
    return session;
  }

  async endSession(sessionHash: string, now: Temporal.Instant): Promise<void> {
    const columns = await this.#session(sessionHash);
    if (!columns) return;
    const end = async (sql: SqlSession) => {
      await sql.query(
        `UPDATE portunus_web_sessions SET revoked_at = ?
         WHERE session_hash = ? AND revoked_at IS NULL`,
        millisOf(now),
        sessionHash,
      );
      return true;
    };
    // Done twice it is done once, so it is the answer to whether it was done, too.
    await this.#shared.write(toSession(columns).userId, end, end);
  }

  async sessionsOf(userId: string, now: Temporal.Instant): Promise<readonly ListedWebSession[]> {
    const rows = await this.#shared.lookUp(SESSIONS_OF, userId);
    return rows.map(toListedSession).map((row) => ({
      ...row,
      lastSeenAt: this.#touches.latest(row.sessionHash, row.lastSeenAt),
    }))
      .filter((session) => !hasEnded(session, now))
      .sort((a, b) => Temporal.Instant.compare(b.lastSeenAt, a.lastSeenAt));
  }

  /** Waits for what is being written beside requests. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#touches[Symbol.asyncDispose]();
  }
}
