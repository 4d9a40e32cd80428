/**
 * Operators (table `users`).
 *
 * @module
 */

import { toStoreText } from "../core/instant.ts";
import type { Columns } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

export const ROLES = ["superadmin", "user"] as const;
export type Role = typeof ROLES[number];

/** A user. The password's hash is not part of it: it is read where a password is checked. */
export interface Account {
  readonly userId: string;
  readonly role: Role;
  readonly displayName: string;
  readonly disabled: boolean;
  readonly createdAt: Temporal.Instant;
  readonly hasPassword: boolean;
  /** Whether the user must choose another password at the next login. */
  readonly passwordChangeRequired: boolean;
  /** Active API credentials. */
  readonly credentialCount: number;
  readonly email: string | null;
  /** Whether logging in takes a one-time code. */
  readonly totpEnabled: boolean;
}

/** A secret for one-time codes. */
export interface Totp {
  /** Base32. Never logged, listed or audited. */
  readonly secret: string;
  /** The step of the code that was used last; `null` while no code was ever asked for. */
  readonly lastStep: number | null;
}

/** A code that was found right, and counts once. */
export interface UsedCode {
  /** What it was checked with. */
  readonly secret: string;
  readonly step: number;
}

/** A new password. */
export interface PasswordChange {
  /** Argon2 PHC string. */
  readonly hash: string;
  /** Whether it must be changed at the next login. */
  readonly changeRequired: boolean;
}

/** What of a user can be changed; what is absent stays. */
export interface UserChange {
  readonly displayName?: string;
  readonly role?: Role;
  readonly disabled?: boolean;
}

export interface NewUser {
  readonly userId: string;
  readonly role: Role;
  readonly displayName: string;
  readonly createdAt: Temporal.Instant;
  /** Argon2 PHC string; `null` for a user who works by API credentials alone. */
  readonly passwordHash: string | null;
  readonly passwordChangeRequired: boolean;
  /** @default null */
  readonly email?: string | null;
}

const COLUMNS = `user_id, role, display_name, disabled, created_at,
  password_hash IS NOT NULL AS has_password, password_change_required,
  (SELECT count(*) FROM credentials
   WHERE credentials.user_id = users.user_id AND status = 'active') AS credential_count,
  email, totp_last_step IS NOT NULL AS totp_enabled`;

export class UserRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Every user by id. */
  list(): Account[] {
    return this.#store.db.all(`SELECT ${COLUMNS} FROM users ORDER BY user_id`).map(toAccount);
  }

  get(userId: string): Account | undefined {
    const row = this.#store.db.get(`SELECT ${COLUMNS} FROM users WHERE user_id = ?`, userId);
    return row && toAccount(row);
  }

  /** Argon2 PHC string; `null` when there is no such user, or one without a password. */
  passwordHash(userId: string): string | null {
    const row = this.#store.db.get(
      "SELECT user_id, password_hash FROM users WHERE user_id = ?",
      userId,
    );
    return row ? new Row("users", "user_id", row).textOrNull("password_hash") : null;
  }

  has(userId: string): boolean {
    return this.#store.db.get("SELECT 1 AS n FROM users WHERE user_id = ?", userId) !== undefined;
  }

  /** Users without a password who never had a credential: rows that others refer to, no accounts. */
  anchors(): string[] {
    const rows = this.#store.db.all(
      `SELECT user_id FROM users WHERE password_hash IS NULL
         AND NOT EXISTS (SELECT 1 FROM credentials WHERE credentials.user_id = users.user_id)`,
    );
    return rows.map((columns) => new Row("users", "user_id", columns).text("user_id"));
  }

  /** Enters a row that others can refer to, for a user whose account is in another database. */
  insertAnchor(userId: string, createdAt: Temporal.Instant): void {
    this.insert({
      userId,
      role: "user",
      displayName: userId,
      createdAt,
      passwordHash: null,
      passwordChangeRequired: false,
    });
  }

  /** How many superadmins are not disabled. */
  countEnabledSuperadmins(): number {
    const row = this.#store.db.get(
      "SELECT count(*) AS n FROM users WHERE role = 'superadmin' AND disabled = 0",
    );
    return Number(row?.n ?? 0n);
  }

  /** @throws {StoreError} `conflict` when the id exists */
  insert(user: NewUser): void {
    this.#store.db.run(
      `INSERT INTO users
         (user_id, role, display_name, created_at, password_hash, password_change_required, email)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      user.userId,
      user.role,
      user.displayName,
      toStoreText(user.createdAt),
      user.passwordHash,
      user.passwordChangeRequired ? 1 : 0,
      user.email ?? null,
    );
  }

  /** Changes what is given. */
  update(userId: string, { displayName, role, disabled }: UserChange): void {
    this.#store.db.run(
      `UPDATE users SET display_name = coalesce(?, display_name), role = coalesce(?, role),
         disabled = coalesce(?, disabled)
       WHERE user_id = ?`,
      displayName ?? null,
      role ?? null,
      disabled === undefined ? null : Number(disabled),
      userId,
    );
  }

  /** Gives a user another password. `false` when there is no such user. */
  setPassword(userId: string, { hash, changeRequired }: PasswordChange): boolean {
    const changed = this.#store.db.run(
      "UPDATE users SET password_hash = ?, password_change_required = ? WHERE user_id = ?",
      hash,
      changeRequired ? 1 : 0,
      userId,
    );
    return changed > 0;
  }

  /** `undefined` when none is set up, or there is no such user. */
  totp(userId: string): Totp | undefined {
    const columns = this.#store.db.get(
      `SELECT user_id, totp_secret, totp_last_step FROM users
       WHERE user_id = ? AND totp_secret IS NOT NULL`,
      userId,
    );
    if (!columns) return undefined;
    const row = new Row("users", "user_id", columns);
    return { secret: row.text("totp_secret"), lastStep: row.numberOrNull("totp_last_step") };
  }

  /** Replaces what is known of a user's codes; `null` for nothing. */
  setTotp(userId: string, totp: Totp | null): void {
    this.#store.db.run(
      "UPDATE users SET totp_secret = ?, totp_last_step = ? WHERE user_id = ?",
      totp?.secret ?? null,
      totp?.lastStep ?? null,
      userId,
    );
  }

  /**
   * Deletes a user and, by foreign key, their credentials, grants, sessions and rules. `false` when
   * there is no such user.
   */
  delete(userId: string): boolean {
    return this.#store.db.run("DELETE FROM users WHERE user_id = ?", userId) > 0;
  }
}

function toAccount(columns: Columns): Account {
  const row = new Row("users", "user_id", columns);
  return {
    userId: row.text("user_id"),
    role: row.oneOf("role", ROLES),
    displayName: row.text("display_name"),
    disabled: row.boolean("disabled"),
    createdAt: row.instant("created_at"),
    hasPassword: row.boolean("has_password"),
    passwordChangeRequired: row.boolean("password_change_required"),
    credentialCount: row.number("credential_count"),
    email: row.textOrNull("email"),
    totpEnabled: row.boolean("totp_enabled"),
  };
}
