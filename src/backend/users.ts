/**
 * Statements about users, and the rows that are locked to count them.
 *
 * @module
 */

import { AccessError } from "../core/errors.ts";
import { Row } from "../store/row.ts";
import { type NewUser, type PasswordChange, type Role, ROLES, type Totp } from "../store/users.ts";
import { millisOf, toTotp } from "./rows.ts";
import { type Dialect, SqlError, type SqlSession } from "./sql.ts";

/** A user whom nobody else changes until the transaction is over. */
export interface LockedUser {
  readonly displayName: string;
  readonly role: Role;
  readonly disabled: boolean;
  readonly passwordHash: string | null;
  readonly passwordChangeRequired: boolean;
  readonly totp: Totp | undefined;
}

/** Whether a user counts among the superadmins there have to be. */
export const isActing = ({ role, disabled }: Pick<LockedUser, "role" | "disabled">): boolean =>
  role === "superadmin" && !disabled;

const UNLIMITED = Number.MAX_SAFE_INTEGER;

export class Users {
  readonly #dialect: Dialect;
  /** @param max most users; negative: no more; `null`: any number */
  constructor(dialect: Dialect, readonly max: number | null) {
    this.#dialect = dialect;
  }

  async lock(sql: SqlSession, userId: string): Promise<LockedUser | undefined> {
    const { rows: [columns] } = await sql.query(
      `SELECT user_id, display_name, role, disabled, password_hash, password_change_required,
         totp_secret, totp_last_step
       FROM portunus_users WHERE user_id = ?${this.#dialect.forUpdate}`,
      userId,
    );
    if (!columns) return undefined;
    const row = new Row("portunus_users", "user_id", columns);
    return {
      displayName: row.text("display_name"),
      role: row.oneOf("role", ROLES),
      disabled: row.boolean("disabled"),
      passwordHash: row.textOrNull("password_hash"),
      passwordChangeRequired: row.boolean("password_change_required"),
      totp: toTotp(columns),
    };
  }

  /** Keeps the number of superadmins as it is; returns how many are enabled. */
  async lockSuperadmins(sql: SqlSession): Promise<number> {
    await sql.query("UPDATE portunus_counters SET value = value + 1 WHERE name = 'bootstrap'");
    const { rows: [row] } = await sql.query(
      "SELECT count(*) AS n FROM portunus_users WHERE role = 'superadmin' AND disabled = 0",
    );
    return Number(row?.["n"]);
  }

  /** Keeps the number of users as it is. */
  async lockCount(sql: SqlSession): Promise<void> {
    await sql.query("UPDATE portunus_counters SET value = value WHERE name = 'users'");
  }

  /** Whether this very user was entered. */
  async has(sql: SqlSession, { userId, passwordHash, createdAt }: NewUser): Promise<boolean> {
    const { rows: [row] } = await sql.query(
      "SELECT created_at, password_hash FROM portunus_users WHERE user_id = ?",
      userId,
    );
    return row !== undefined && Number(row["created_at"]) === millisOf(createdAt) &&
      row["password_hash"] === passwordHash;
  }

  /**
   * Enters a user, and counts them.
   *
   * @param kind the first superadmin may come where nobody else may
   * @throws {AccessError} `user_already_exists`, `registration_disabled`, `too_many_users`
   */
  async insert(sql: SqlSession, user: NewUser, kind: "first" | "other" = "other"): Promise<void> {
    if (await this.#exists(sql, user.userId)) throw new AccessError("user_already_exists");
    await this.#count(sql, kind);
    try {
      await sql.query(
        `INSERT INTO portunus_users (user_id, role, display_name, disabled, created_at,
           password_hash, password_change_required, email) VALUES (?, ?, ?, 0, ?, ?, ?, ?)`,
        user.userId,
        user.role,
        user.displayName,
        millisOf(user.createdAt),
        user.passwordHash,
        user.passwordChangeRequired ? 1 : 0,
        user.email ?? null,
      );
    } catch (error) {
      if (!(error instanceof SqlError) || error.kind !== "conflict") throw error;
      throw new AccessError("user_already_exists");
    }
  }

  async update(
    sql: SqlSession,
    userId: string,
    { displayName, role, disabled }: Pick<LockedUser, "displayName" | "role" | "disabled">,
  ): Promise<void> {
    await sql.query(
      "UPDATE portunus_users SET display_name = ?, role = ?, disabled = ? WHERE user_id = ?",
      displayName,
      role,
      disabled ? 1 : 0,
      userId,
    );
  }

  async setPassword(
    sql: SqlSession,
    userId: string,
    { hash, changeRequired }: PasswordChange,
  ): Promise<void> {
    await sql.query(
      `UPDATE portunus_users SET password_hash = ?, password_change_required = ?
       WHERE user_id = ?`,
      hash,
      changeRequired ? 1 : 0,
      userId,
    );
  }

  /** Replaces what is known of a user's one-time codes; `null` for nothing. */
  async setTotp(sql: SqlSession, userId: string, totp: Totp | null): Promise<void> {
    await sql.query(
      "UPDATE portunus_users SET totp_secret = ?, totp_last_step = ? WHERE user_id = ?",
      totp?.secret ?? null,
      totp?.lastStep ?? null,
      userId,
    );
  }

  /** Deletes a user with sessions and credentials. */
  async delete(sql: SqlSession, userId: string): Promise<void> {
    for (const table of ["portunus_web_sessions", "portunus_credentials", "portunus_users"]) {
      await sql.query(`DELETE FROM ${table} WHERE user_id = ?`, userId);
    }
    await sql.query(
      "UPDATE portunus_counters SET value = value - 1 WHERE name = 'users' AND value > 0",
    );
  }

  async #exists(sql: SqlSession, userId: string): Promise<boolean> {
    const { rows } = await sql.query(
      "SELECT user_id FROM portunus_users WHERE user_id = ?",
      userId,
    );
    return rows.length > 0;
  }

  async #count(sql: SqlSession, kind: "first" | "other"): Promise<void> {
    const max = this.max ?? UNLIMITED;
    if (max < 0 && kind === "other") throw new AccessError("registration_disabled");
    const limit = max < 0 ? UNLIMITED : max;
    if (await increment(sql, limit)) return;
    // Whatever made the counter too high, the rows are what counts.
    await this.#reconcile(sql);
    if (!await increment(sql, limit)) throw new AccessError("too_many_users");
  }

  async #reconcile(sql: SqlSession): Promise<void> {
    await this.lockCount(sql);
    const { rows: [row] } = await sql.query("SELECT count(*) AS n FROM portunus_users");
    const users = Number(row?.["n"]);
    await sql.query(
      "UPDATE portunus_counters SET value = ? WHERE name = 'users' AND value > ?",
      users,
      users,
    );
  }
}

async function increment(sql: SqlSession, max: number): Promise<boolean> {
  const { changes } = await sql.query(
    "UPDATE portunus_counters SET value = value + 1 WHERE name = 'users' AND value < ?",
    max,
  );
  return changes > 0;
}
