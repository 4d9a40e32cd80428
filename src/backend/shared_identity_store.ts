/**
 * Accounts in a database that several servers share. What has to hold at the moment of a write is
 * made to hold by locking rows: the user's for what is about one user, the counter `bootstrap` for
 * what is about superadmins, the counter `users` for how many there are.
 *
 * @module
 */

import { AccessError } from "../core/errors.ts";
import { SHARED_IDENTITY, THROTTLE, WEB_SESSION } from "../core/limits.ts";
import { countFailure, isLocked } from "../core/throttle.ts";
import { hasEnded } from "../identity/session_end.ts";
import type {
  Alongside,
  FirstSuperadmin,
  IdentityStore,
  PasswordOverride,
  PasswordReplacement,
  Replacement,
  Revoked,
} from "../identity/identity_store.ts";
import type { CredentialOwner, CredentialRow, NewCredential } from "../store/credentials.ts";
import type { AttemptKey } from "../store/login_attempts.ts";
import type { Account, NewUser, UserChange } from "../store/users.ts";
import type { ListedWebSession, NewWebSession, WebSessionRow } from "../store/web_sessions.ts";
import type { SharedDatabase, WasDone } from "./database.ts";
import { failuresOf, putFailures } from "./login_attempts.ts";
import {
  ACCOUNT_COLUMNS,
  CREDENTIALS_OF,
  millisOf,
  OWNER_OF,
  SESSION_OF,
  SESSIONS_OF,
  toAccount,
  toCredential,
  toListedSession,
  toOwner,
  toSession,
} from "./rows.ts";
import type { SqlSession } from "./sql.ts";
import { Touches } from "./touches.ts";
import { type LockedUser, Users } from "./users.ts";

export interface SharedIdentityStoreOptions {
  readonly database: SharedDatabase;
  /** Most users; negative: no more than there are; `null`: any number. */
  readonly maxUsers: number | null;
  /** Runs a server's own part of a write, in one transaction of its store. */
  readonly locally: (alongside: Alongside) => void;
}

export class SharedIdentityStore implements IdentityStore, AsyncDisposable {
  readonly #options: SharedIdentityStoreOptions;
  readonly #database: SharedDatabase;
  readonly #users: Users;
  readonly #sessionTouches: Touches;
  readonly #credentialTouches: Touches;

  constructor(options: SharedIdentityStoreOptions) {
    const { database } = options;
    this.#options = options;
    this.#database = database;
    this.#users = new Users(database.dialect, options.maxUsers);
    const touch = (table: string, key: string, column: string) =>
      new Touches((id, at) =>
        this.#write(async (sql) => {
          await sql.query(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`, millisOf(at), id);
        })
      );
    this.#sessionTouches = touch("portunus_web_sessions", "session_hash", "last_seen_at");
    this.#credentialTouches = touch("portunus_credentials", "credential_id", "last_used_at");
  }

  async enabledSuperadmins(): Promise<number> {
    const [row] = await this.#database.read(
      "SELECT count(*) AS n FROM portunus_users WHERE role = 'superadmin' AND disabled = 0",
    );
    return Number(row?.["n"]);
  }

  async accounts(): Promise<readonly Account[]> {
    const rows = await this.#database.read(
      `SELECT ${ACCOUNT_COLUMNS} FROM portunus_users ORDER BY user_id`,
    );
    return rows.map(toAccount);
  }

  async account(userId: string): Promise<Account | undefined> {
    const [row] = await this.#database.read(
      `SELECT ${ACCOUNT_COLUMNS} FROM portunus_users WHERE user_id = ?`,
      userId,
    );
    return row && toAccount(row);
  }

  async passwordHash(userId: string): Promise<string | null> {
    const [row] = await this.#database.read(
      "SELECT password_hash FROM portunus_users WHERE user_id = ?",
      userId,
    );
    return (row?.["password_hash"] ?? null) as string | null;
  }

  async insertUser(user: NewUser): Promise<void> {
    await this.#write(
      (sql) => this.#users.insert(sql, user),
      async (sql) => {
        await this.#users.lockCount(sql);
        return await this.#users.has(sql, user);
      },
    );
  }

  async insertFirstSuperadmin(first: FirstSuperadmin, alongside: Alongside): Promise<void> {
    await this.#write(
      async (sql) => {
        if (await this.#users.lockSuperadmins(sql) > 0) {
          throw new AccessError("already_bootstrapped");
        }
        await this.#users.insert(sql, first.user, "first");
        if (first.credential !== null) await insertCredential(sql, first.credential);
        this.#options.locally(alongside);
      },
      async (sql) => {
        await this.#users.lockSuperadmins(sql);
        return await this.#users.has(sql, first.user);
      },
    );
  }

  async updateUser(userId: string, change: UserChange, now: Temporal.Instant): Promise<void> {
    await this.#write(
      async (sql) => {
        const superadmins = await this.#users.lockSuperadmins(sql);
        const before = await this.#users.lock(sql, userId);
        if (!before) throw new AccessError("user_not_found");
        const after = { ...before, ...change };
        if (superadmins === 1 && isActing(before) && !isActing(after)) {
          throw new AccessError("last_superadmin");
        }
        await this.#users.update(sql, userId, after);
        if (change.disabled === true) await revokeSessions(sql, userId, now);
      },
      async (sql) => {
        const user = await this.#users.lock(sql, userId);
        return user !== undefined &&
          JSON.stringify({ ...user, ...change }) === JSON.stringify(user);
      },
    );
  }

  replacePassword({ userId, from, to }: PasswordReplacement): Promise<boolean> {
    const hashOf = async (sql: SqlSession) => (await this.#users.lock(sql, userId))?.passwordHash;
    return this.#write(
      async (sql) => {
        if (from === null || await hashOf(sql) !== from) return false;
        await this.#users.setPassword(sql, userId, { hash: to, changeRequired: false });
        return true;
      },
      async (sql) => await hashOf(sql) === to,
    );
  }

  overridePassword(override: PasswordOverride): Promise<Revoked> {
    const { userId, hash, changeRequired, keepCredentials, now } = override;
    return this.#write(
      async (sql) => {
        if (!await this.#users.lock(sql, userId)) throw new AccessError("user_not_found");
        await this.#users.setPassword(sql, userId, { hash, changeRequired });
        const sessions = await revokeSessions(sql, userId, now);
        if (keepCredentials) return { sessions, credentials: 0 };
        const { changes: credentials } = await sql.query(
          `UPDATE portunus_credentials SET status = 'revoked', revoked_at = ?
           WHERE user_id = ? AND status = 'active'`,
          millisOf(now),
          userId,
        );
        return { sessions, credentials };
      },
      async (sql) => (await this.#users.lock(sql, userId))?.passwordHash === hash,
    );
  }

  removeUser(userId: string, alongside: Alongside): Promise<readonly string[]> {
    return this.#write(
      async (sql) => {
        const superadmins = await this.#users.lockSuperadmins(sql);
        const user = await this.#users.lock(sql, userId);
        if (!user) throw new AccessError("user_not_found");
        if (user.role === "superadmin" && superadmins <= 1) {
          throw new AccessError("last_superadmin");
        }
        const { rows } = await sql.query(CREDENTIALS_OF, userId);
        await this.#users.delete(sql, userId);
        this.#options.locally(alongside);
        return rows.map((row) => toCredential(row).credentialId);
      },
      async (sql) => {
        await this.#users.lockSuperadmins(sql);
        return !await this.#users.lock(sql, userId);
      },
    );
  }

  async credentialOwner(
    tokenHash: string,
    now: Temporal.Instant,
  ): Promise<CredentialOwner | undefined> {
    const [columns] = await this.#database.read(OWNER_OF, tokenHash);
    if (!columns) return undefined;
    const { lastUsedAt, ...owner } = toOwner(columns);
    if (!owner.disabled) this.touchCredential(owner.credentialId, lastUsedAt, now);
    return owner;
  }

  /** Counts as a use of a credential, of which `stored` is known. */
  touchCredential(id: string, stored: Temporal.Instant | null, now: Temporal.Instant): void {
    this.#credentialTouches.touch(id, stored, now);
  }

  async credentialsOf(userId: string): Promise<readonly CredentialRow[]> {
    const rows = await this.#database.read(CREDENTIALS_OF, userId);
    return rows.map(toCredential).map((row) => this.withLatestUse(row));
  }

  /** A credential as if what is remembered of its use were written. */
  withLatestUse(row: CredentialRow): CredentialRow {
    const lastUsedAt = this.#credentialTouches.latest(row.credentialId, row.lastUsedAt);
    return { ...row, lastUsedAt };
  }

  async insertCredential(credential: NewCredential): Promise<void> {
    await this.#write(
      async (sql) => {
        if (!await this.#users.lock(sql, credential.userId)) {
          throw new AccessError("user_not_found");
        }
        await insertCredential(sql, credential);
      },
      (sql) => this.#hasCredential(sql, credential.userId, credential.credentialId),
    );
  }

  replaceCredential(replacement: Replacement): Promise<string | null> {
    const { replaces, label, userId, issuedAt, ...fresh } = replacement;
    return this.#write(
      async (sql) => {
        await this.#users.lock(sql, userId);
        const old = await requireActive(sql, userId, replaces);
        await revoke(sql, replaces, issuedAt);
        const newLabel = label ?? old.label;
        await insertCredential(sql, { ...fresh, userId, issuedAt, label: newLabel });
        return newLabel;
      },
      (sql) => this.#hasCredential(sql, userId, fresh.credentialId),
    );
  }

  async revokeCredential(
    userId: string,
    credentialId: string,
    now: Temporal.Instant,
  ): Promise<void> {
    await this.#write(
      async (sql) => {
        const superadmins = await this.#users.lockSuperadmins(sql);
        const user = await this.#users.lock(sql, userId);
        await requireActive(sql, userId, credentialId);
        const isOnly = superadmins === 1 && user !== undefined && isActing(user) &&
          user.passwordHash === null && await activeCredentials(sql, userId) === 1;
        if (isOnly) throw new AccessError("last_superadmin");
        await revoke(sql, credentialId, now);
      },
      async (sql) => {
        await this.#users.lock(sql, userId);
        const { rows } = await sql.query(CREDENTIALS_OF, userId);
        return rows.map(toCredential).some((it) =>
          it.credentialId === credentialId && it.status === "revoked"
        );
      },
    );
  }

  insertSession(
    session: NewWebSession,
    verifiedHash: string,
  ): Promise<{ readonly passwordChangeRequired: boolean }> {
    const { userId, sessionHash, createdAt: now } = session;
    const verified = async (sql: SqlSession) => {
      const user = await this.#users.lock(sql, userId);
      if (!user || user.disabled || user.passwordHash !== verifiedHash) {
        throw new AccessError("invalid_login", "invalid login");
      }
      return user;
    };
    return this.#write(
      async (sql) => {
        const { passwordChangeRequired } = await verified(sql);
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
      },
      async (sql) => {
        await this.#users.lock(sql, userId);
        return (await sql.query(SESSION_OF, sessionHash)).rows.length > 0;
      },
    );
  }

  async useSession(
    sessionHash: string,
    now: Temporal.Instant,
  ): Promise<WebSessionRow | undefined> {
    const [columns] = await this.#database.read(SESSION_OF, sessionHash);
    return columns && this.usedSession(sessionHash, toSession(columns), now);
  }

  /** The session of a row that was read, if it has not ended; counts as a use of it. */
  usedSession(
    sessionHash: string,
    row: WebSessionRow,
    now: Temporal.Instant,
  ): WebSessionRow | undefined {
    const lastSeenAt = this.#sessionTouches.latest(sessionHash, row.lastSeenAt);
    const session = { ...row, lastSeenAt };
    if (hasEnded(session, now)) return undefined;
    if (!session.disabled) this.#sessionTouches.touch(sessionHash, row.lastSeenAt, now);
    return session;
  }

  async endSession(sessionHash: string, now: Temporal.Instant): Promise<void> {
    await this.#write(async (sql) => {
      await sql.query(
        `UPDATE portunus_web_sessions SET revoked_at = ?
         WHERE session_hash = ? AND revoked_at IS NULL`,
        millisOf(now),
        sessionHash,
      );
    });
  }

  async sessionsOf(userId: string, now: Temporal.Instant): Promise<readonly ListedWebSession[]> {
    const rows = await this.#database.read(SESSIONS_OF, userId);
    return rows.map(toListedSession).map((row) => this.withLatestUseOf(row))
      .filter((session) => !hasEnded(session, now))
      .sort((a, b) => Temporal.Instant.compare(b.lastSeenAt, a.lastSeenAt));
  }

  /** A session as if what is remembered of its use were written. */
  withLatestUseOf(row: ListedWebSession): ListedWebSession {
    return { ...row, lastSeenAt: this.#sessionTouches.latest(row.sessionHash, row.lastSeenAt) };
  }

  async countAttempt(key: AttemptKey, now: Temporal.Instant): Promise<void> {
    await this.#write(async (sql) => {
      const failures = await failuresOf(sql, this.#database.dialect, key);
      if (isLocked(failures, now)) {
        throw new AccessError("rate_limited", "too many failed attempts");
      }
      await putFailures(sql, key, countFailure(failures, now));
    });
  }

  async forgetAttempts(key: AttemptKey): Promise<void> {
    await this.#write((sql) => putFailures(sql, key, null));
  }

  /** Deletes failures that are forgotten, and sessions that cannot be used again. */
  async sweep(now: Temporal.Instant): Promise<void> {
    await this.#write(async (sql) => {
      await sql.query(
        `DELETE FROM portunus_login_attempts
         WHERE (last_failed_at IS NULL OR last_failed_at < ?)
           AND (locked_until IS NULL OR locked_until <= ?)`,
        millisOf(now) - THROTTLE.forgetSecs * 1_000,
        millisOf(now),
      );
      await sql.query(
        `DELETE FROM portunus_web_sessions WHERE absolute_expires_at < ? OR last_seen_at < ?`,
        millisOf(now),
        millisOf(now) - (WEB_SESSION.idleSecs + SHARED_IDENTITY.touchIntervalSecs) * 1_000,
      );
    });
  }

  /** Waits for what is being written beside requests. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sessionTouches[Symbol.asyncDispose]();
    await this.#credentialTouches[Symbol.asyncDispose]();
  }

  async #hasCredential(sql: SqlSession, userId: string, credentialId: string): Promise<boolean> {
    await this.#users.lock(sql, userId);
    const { rows } = await sql.query(CREDENTIALS_OF, userId);
    return rows.some((row) => toCredential(row).credentialId === credentialId);
  }

  /** `wasDone` may be left out where doing it twice, or not at all, harms nobody. */
  #write<T>(
    work: (sql: SqlSession) => Promise<T>,
    wasDone: WasDone = () => Promise.resolve(false),
  ): Promise<T> {
    return this.#database.write(work, wasDone);
  }
}

const isActing = ({ role, disabled }: LockedUser) => role === "superadmin" && !disabled;

async function revokeSessions(
  sql: SqlSession,
  userId: string,
  now: Temporal.Instant,
): Promise<number> {
  const { changes } = await sql.query(
    `UPDATE portunus_web_sessions SET revoked_at = ? WHERE user_id = ? AND revoked_at IS NULL`,
    millisOf(now),
    userId,
  );
  return changes;
}

async function insertCredential(sql: SqlSession, credential: NewCredential): Promise<void> {
  await sql.query(
    `INSERT INTO portunus_credentials (credential_id, user_id, hash, label, status, issued_at)
     VALUES (?, ?, ?, ?, 'active', ?)`,
    credential.credentialId,
    credential.userId,
    credential.tokenHash,
    credential.label,
    millisOf(credential.issuedAt),
  );
}

async function requireActive(
  sql: SqlSession,
  userId: string,
  credentialId: string,
): Promise<CredentialRow> {
  const { rows } = await sql.query(CREDENTIALS_OF, userId);
  const found = rows.map(toCredential).find((it) =>
    it.credentialId === credentialId && it.status === "active"
  );
  if (!found) throw new AccessError("credential_not_found");
  return found;
}

async function activeCredentials(sql: SqlSession, userId: string): Promise<number> {
  const { rows } = await sql.query(CREDENTIALS_OF, userId);
  return rows.filter((row) => toCredential(row).status === "active").length;
}

async function revoke(
  sql: SqlSession,
  credentialId: string,
  now: Temporal.Instant,
): Promise<void> {
  await sql.query(
    "UPDATE portunus_credentials SET status = 'revoked', revoked_at = ? WHERE credential_id = ?",
    millisOf(now),
    credentialId,
  );
}
