/**
 * Copies the accounts of a server's own store into the shared database. Hashes are the same in
 * both, so passwords and tokens go on; sessions are not copied.
 *
 * @module
 */

import { PortunusError } from "../core/errors.ts";
import type { StoredCredential } from "../store/credentials.ts";
import type { IdentityTables } from "../store/identity_tables.ts";
import type { Account, Totp } from "../store/users.ts";
import type { SharedDatabase } from "./database.ts";
import { millisOf } from "./rows.ts";
import type { SqlSession } from "./sql.ts";

export interface MigrateOptions {
  readonly tables: IdentityTables;
  readonly database: SharedDatabase;
  /** Most users there may be; negative or `null`: any number. */
  readonly maxUsers: number | null;
  /** Whether to say what would happen, and do nothing. */
  readonly dryRun: boolean;
}

/** A local account, and what becomes of it. */
export interface MigratedUser {
  readonly userId: string;
  /** Whether the shared database has it already, from an earlier run. */
  readonly present: boolean;
  /** Credentials that are copied. */
  readonly credentials: number;
}

interface LocalUser {
  readonly account: Account;
  readonly passwordHash: string | null;
  readonly totp: Totp | undefined;
  readonly credentials: readonly StoredCredential[];
}

/**
 * Copies what is not there, all or nothing. An account that is there with another time of creation
 * is somebody else of the same name.
 *
 * @throws {PortunusError} `user_already_exists` with the names; `too_many_users`; the codes of
 * writes
 */
export function migrateLocal(options: MigrateOptions): Promise<readonly MigratedUser[]> {
  const { database, tables, maxUsers, dryRun } = options;
  const local = localUsers(tables);
  return database.write(async (sql) => {
    const plan = await planOf(sql, local);
    const added = plan.filter(({ present }) => !present);
    const { rows: [row] } = await sql.query("SELECT count(*) AS n FROM portunus_users");
    if (maxUsers !== null && maxUsers >= 0 && Number(row?.["n"]) + added.length > maxUsers) {
      throw new PortunusError("too_many_users", `there may be ${maxUsers}`);
    }
    if (!dryRun) {
      for (const step of plan) await copy(sql, step);
      await sql.query(
        "UPDATE portunus_counters SET value = value + ? WHERE name = 'users'",
        added.length,
      );
    }
    return plan.map(({ user, present, missing }) => ({
      userId: user.account.userId,
      present,
      credentials: missing.length,
    }));
  }, async (sql) => (await planOf(sql, local)).every(({ present }) => present));
}

function localUsers({ users, credentials }: IdentityTables): LocalUser[] {
  const anchors = new Set(users.anchors());
  return users.list().filter(({ userId }) => !anchors.has(userId)).map((account) => ({
    account,
    passwordHash: users.passwordHash(account.userId),
    totp: users.totp(account.userId),
    credentials: credentials.storedOf(account.userId),
  }));
}

interface Step {
  readonly user: LocalUser;
  readonly present: boolean;
  readonly missing: readonly StoredCredential[];
}

async function planOf(sql: SqlSession, local: readonly LocalUser[]): Promise<Step[]> {
  // Nobody else enters users meanwhile.
  await sql.query("UPDATE portunus_counters SET value = value WHERE name = 'users'");
  const { rows: users } = await sql.query("SELECT user_id, created_at FROM portunus_users");
  const { rows: known } = await sql.query("SELECT credential_id, hash FROM portunus_credentials");
  const createdAt = new Map(users.map((row) => [row["user_id"], Number(row["created_at"])]));
  const ids = new Set(known.flatMap((row) => [row["credential_id"], row["hash"]]));
  const conflicts = local.map(({ account }) => account).filter((it) => {
    const at = createdAt.get(it.userId);
    return at !== undefined && at !== millisOf(it.createdAt);
  });
  if (conflicts.length > 0) {
    const names = conflicts.map(({ userId }) => userId).join(", ");
    throw new PortunusError("user_already_exists", `other accounts of these names: ${names}`);
  }
  return local.map((user) => ({
    user,
    present: createdAt.has(user.account.userId),
    missing: user.credentials.filter((it) => !ids.has(it.credentialId) && !ids.has(it.tokenHash)),
  }));
}

async function copy(sql: SqlSession, { user, present, missing }: Step): Promise<void> {
  const { account, passwordHash, totp } = user;
  if (!present) {
    await sql.query(
      `INSERT INTO portunus_users (user_id, role, display_name, disabled, created_at,
         password_hash, password_change_required, email, totp_secret, totp_last_step)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      account.userId,
      account.role,
      account.displayName,
      account.disabled ? 1 : 0,
      millisOf(account.createdAt),
      passwordHash,
      account.passwordChangeRequired ? 1 : 0,
      account.email,
      totp?.secret ?? null,
      totp?.lastStep ?? null,
    );
  }
  for (const credential of missing) {
    await sql.query(
      `INSERT INTO portunus_credentials (credential_id, user_id, hash, label, status, issued_at,
         revoked_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      credential.credentialId,
      credential.userId,
      credential.tokenHash,
      credential.label,
      credential.status,
      millisOf(credential.issuedAt),
      credential.revokedAt && millisOf(credential.revokedAt),
      credential.lastUsedAt && millisOf(credential.lastUsedAt),
    );
  }
}
