/**
 * Sessions of the Web UI (table `web_sessions`). Only hashes of their secrets are kept.
 *
 * @module
 */

import { toStoreText } from "../core/instant.ts";
import type { Columns } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";
import { type Role, ROLES } from "./users.ts";

export interface NewWebSession {
  readonly sessionHash: string;
  readonly userId: string;
  readonly createdAt: Temporal.Instant;
  readonly absoluteExpiresAt: Temporal.Instant;
  /** IP address, without a port. */
  readonly remoteAddr: string;
  readonly userAgent: string | null;
}

/** A session and what its user may do now. */
export interface WebSessionRow {
  readonly userId: string;
  readonly role: Role;
  readonly disabled: boolean;
  readonly passwordChangeRequired: boolean;
  readonly lastSeenAt: Temporal.Instant;
  readonly absoluteExpiresAt: Temporal.Instant;
  readonly revokedAt: Temporal.Instant | null;
}

/** A session as its user sees it. */
export interface ListedWebSession extends NewWebSession {
  readonly lastSeenAt: Temporal.Instant;
  readonly revokedAt: Temporal.Instant | null;
}

export class WebSessionRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Enters a session, last seen when it was created. @throws {StoreError} `conflict` */
  insert(session: NewWebSession): void {
    const createdAt = toStoreText(session.createdAt);
    this.#store.db.run(
      `INSERT INTO web_sessions (session_hash, user_id, created_at, last_seen_at,
         absolute_expires_at, remote_addr, user_agent)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      session.sessionHash,
      session.userId,
      createdAt,
      createdAt,
      toStoreText(session.absoluteExpiresAt),
      session.remoteAddr,
      session.userAgent,
    );
  }

  /** The session of a secret's hash, whether it still holds or not. */
  find(sessionHash: string): WebSessionRow | undefined {
    const columns = this.#store.db.get(
      `SELECT user_id, role, disabled, password_change_required, last_seen_at,
         absolute_expires_at, revoked_at
       FROM web_sessions JOIN users USING (user_id) WHERE session_hash = ?`,
      sessionHash,
    );
    if (!columns) return undefined;
    const row = new Row("web_sessions", "user_id", columns);
    return {
      userId: row.text("user_id"),
      role: row.oneOf("role", ROLES),
      disabled: row.boolean("disabled"),
      passwordChangeRequired: row.boolean("password_change_required"),
      lastSeenAt: row.instant("last_seen_at"),
      absoluteExpiresAt: row.instant("absolute_expires_at"),
      revokedAt: row.instantOrNull("revoked_at"),
    };
  }

  /** Every session of a user that was not swept yet, the one used last first. */
  listOf(userId: string): ListedWebSession[] {
    const rows = this.#store.db.all(
      "SELECT * FROM web_sessions WHERE user_id = ? ORDER BY last_seen_at DESC, session_hash",
      userId,
    );
    return rows.map(toListed);
  }

  /** Records that a session was used. */
  touch(sessionHash: string, now: Temporal.Instant): void {
    this.#store.db.run(
      "UPDATE web_sessions SET last_seen_at = ? WHERE session_hash = ?",
      toStoreText(now),
      sessionHash,
    );
  }

  /** Ends a session; the first time counts. */
  revoke(sessionHash: string, now: Temporal.Instant): void {
    this.#store.db.run(
      "UPDATE web_sessions SET revoked_at = ? WHERE session_hash = ? AND revoked_at IS NULL",
      toStoreText(now),
      sessionHash,
    );
  }

  /** Ends all sessions of a user; returns how many there were. */
  revokeAllOf(userId: string, now: Temporal.Instant): number {
    return this.#store.db.run(
      "UPDATE web_sessions SET revoked_at = ? WHERE user_id = ? AND revoked_at IS NULL",
      toStoreText(now),
      userId,
    );
  }

  /** Deletes what can never be used again: revoked, past its end, or idle since before `idleSince`. */
  sweep(now: Temporal.Instant, idleSince: Temporal.Instant): number {
    return this.#store.db.run(
      `DELETE FROM web_sessions
       WHERE revoked_at IS NOT NULL OR absolute_expires_at < ? OR last_seen_at < ?`,
      toStoreText(now),
      toStoreText(idleSince),
    );
  }
}

function toListed(columns: Columns): ListedWebSession {
  const row = new Row("web_sessions", "session_hash", columns);
  return {
    sessionHash: row.text("session_hash"),
    userId: row.text("user_id"),
    createdAt: row.instant("created_at"),
    lastSeenAt: row.instant("last_seen_at"),
    absoluteExpiresAt: row.instant("absolute_expires_at"),
    revokedAt: row.instantOrNull("revoked_at"),
    remoteAddr: row.textOrNull("remote_addr") ?? "",
    userAgent: row.textOrNull("user_agent"),
  };
}
