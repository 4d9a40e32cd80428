/**
 * Rows of the shared tables as what the rest of the program knows. Times are Unix milliseconds.
 *
 * @module
 */

import { CREDENTIAL_STATUSES, type CredentialRow } from "../store/credentials.ts";
import type { Columns } from "../store/database.ts";
import { Row } from "../store/row.ts";
import { type Account, ROLES, type Totp } from "../store/users.ts";
import type { ListedWebSession, WebSessionRow } from "../store/web_sessions.ts";
import type { KeyedQuery } from "./lookups.ts";

/** A credential's owner, and when it was used last. */
export interface OwnerRow {
  readonly credentialId: string;
  readonly userId: string;
  readonly role: Account["role"];
  readonly disabled: boolean;
  readonly lastUsedAt: Temporal.Instant | null;
}

export const instantOf = (row: Row, column: string): Temporal.Instant =>
  Temporal.Instant.fromEpochMilliseconds(row.number(column));

export const instantOrNull = (row: Row, column: string): Temporal.Instant | null =>
  row.integerOrNull(column) === null ? null : instantOf(row, column);

export const millisOf = (at: Temporal.Instant): number => at.epochMilliseconds;

export const ACCOUNT_COLUMNS = `user_id, role, display_name, disabled, created_at,
  CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS has_password, password_change_required,
  (SELECT count(*) FROM portunus_credentials
   WHERE portunus_credentials.user_id = portunus_users.user_id AND status = 'active')
  AS credential_count, email,
  CASE WHEN totp_last_step IS NULL THEN 0 ELSE 1 END AS totp_enabled`;

export function toAccount(columns: Columns): Account {
  const row = new Row("portunus_users", "user_id", columns);
  return {
    userId: row.text("user_id"),
    role: row.oneOf("role", ROLES),
    displayName: row.text("display_name"),
    disabled: row.boolean("disabled"),
    createdAt: instantOf(row, "created_at"),
    hasPassword: row.boolean("has_password"),
    passwordChangeRequired: row.boolean("password_change_required"),
    credentialCount: row.number("credential_count"),
    email: row.textOrNull("email"),
    totpEnabled: row.boolean("totp_enabled"),
  };
}

/** `undefined` when the user has no secret. */
export function toTotp(columns: Columns): Totp | undefined {
  const row = new Row("portunus_users", "user_id", columns);
  const secret = row.textOrNull("totp_secret");
  if (secret === null) return undefined;
  return { secret, lastStep: row.numberOrNull("totp_last_step") };
}

export const CREDENTIALS_OF = `SELECT credential_id, user_id, label, status, issued_at, revoked_at,
  last_used_at FROM portunus_credentials WHERE user_id = ? ORDER BY issued_at, credential_id`;

export function toCredential(columns: Columns): CredentialRow {
  const row = new Row("portunus_credentials", "credential_id", columns);
  return {
    credentialId: row.text("credential_id"),
    userId: row.text("user_id"),
    label: row.textOrNull("label"),
    status: row.oneOf("status", CREDENTIAL_STATUSES),
    issuedAt: instantOf(row, "issued_at"),
    revokedAt: instantOrNull(row, "revoked_at"),
    lastUsedAt: instantOrNull(row, "last_used_at"),
  };
}

/** Who has the active credential of a hash. */
export const OWNERS: KeyedQuery = {
  sql: `SELECT c.hash, c.credential_id, c.user_id, c.last_used_at, u.role, u.disabled
  FROM portunus_credentials c JOIN portunus_users u ON u.user_id = c.user_id
  WHERE c.hash IN (?) AND c.status = 'active'`,
  key: "hash",
};

export function toOwner(columns: Columns): OwnerRow {
  const row = new Row("portunus_credentials", "credential_id", columns);
  return {
    credentialId: row.text("credential_id"),
    userId: row.text("user_id"),
    role: row.oneOf("role", ROLES),
    disabled: row.boolean("disabled"),
    lastUsedAt: instantOrNull(row, "last_used_at"),
  };
}

/** The session of a hash, ended or not, and its user. */
export const SESSIONS: KeyedQuery = {
  sql: `SELECT s.session_hash, s.user_id, s.last_seen_at, s.absolute_expires_at, s.revoked_at,
  u.role, u.disabled, u.password_change_required
  FROM portunus_web_sessions s JOIN portunus_users u ON u.user_id = s.user_id
  WHERE s.session_hash IN (?)`,
  key: "session_hash",
};

export function toSession(columns: Columns): WebSessionRow {
  const row = new Row("portunus_web_sessions", "user_id", columns);
  return {
    userId: row.text("user_id"),
    role: row.oneOf("role", ROLES),
    disabled: row.boolean("disabled"),
    passwordChangeRequired: row.boolean("password_change_required"),
    lastSeenAt: instantOf(row, "last_seen_at"),
    absoluteExpiresAt: instantOf(row, "absolute_expires_at"),
    revokedAt: instantOrNull(row, "revoked_at"),
  };
}

export const SESSIONS_OF =
  "SELECT * FROM portunus_web_sessions WHERE user_id = ? ORDER BY session_hash";

export function toListedSession(columns: Columns): ListedWebSession {
  // Its hash must not come into errors.
  const row = new Row("portunus_web_sessions", "user_id", columns);
  return {
    sessionHash: row.text("session_hash"),
    userId: row.text("user_id"),
    createdAt: instantOf(row, "created_at"),
    lastSeenAt: instantOf(row, "last_seen_at"),
    absoluteExpiresAt: instantOf(row, "absolute_expires_at"),
    revokedAt: instantOrNull(row, "revoked_at"),
    remoteAddr: row.text("remote_addr"),
    userAgent: row.textOrNull("user_agent"),
  };
}
