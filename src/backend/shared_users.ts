/**
 * Users of a shared database.
 *
 * @module
 */

import { AccessError } from "../core/errors.ts";
import type {
  Alongside,
  FirstSuperadmin,
  PasswordOverride,
  PasswordReplacement,
  Revoked,
  UserStore,
} from "../identity/identity_store.ts";
import type { ExportedUser } from "../identity/users_export.ts";
import type { Account, NewUser, UserChange } from "../store/users.ts";
import { ACCOUNT_COLUMNS, CREDENTIALS_OF, millisOf, toAccount, toCredential } from "./rows.ts";
import type { Shared } from "./shared.ts";
import { insertCredential } from "./shared_credentials.ts";
import type { SqlSession } from "./sql.ts";
import { isActing } from "./users.ts";

export class SharedUsers implements UserStore {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  async enabledSuperadmins(): Promise<number> {
    const [row] = await this.#shared.database.read(
      "SELECT count(*) AS n FROM portunus_users WHERE role = 'superadmin' AND disabled = 0",
    );
    return Number(row?.["n"]);
  }

  async accounts(): Promise<readonly Account[]> {
    const rows = await this.#shared.lookUp(
      `SELECT ${ACCOUNT_COLUMNS} FROM portunus_users ORDER BY user_id`,
    );
    return rows.map(toAccount);
  }

  async account(userId: string): Promise<Account | undefined> {
    const [row] = await this.#shared.lookUp(
      `SELECT ${ACCOUNT_COLUMNS} FROM portunus_users WHERE user_id = ?`,
      userId,
    );
    return row && toAccount(row);
  }

  async exported(): Promise<readonly ExportedUser[]> {
    const rows = await this.#shared.database.read(
      `SELECT ${ACCOUNT_COLUMNS}, password_hash FROM portunus_users ORDER BY user_id`,
    );
    return rows.map((row) => ({
      ...toAccount(row),
      passwordHash: (row["password_hash"] ?? null) as string | null,
    }));
  }

  async passwordHash(userId: string): Promise<string | null> {
    const [row] = await this.#shared.database.read(
      "SELECT password_hash FROM portunus_users WHERE user_id = ?",
      userId,
    );
    return (row?.["password_hash"] ?? null) as string | null;
  }

  async requireRoom(): Promise<void> {
    const { max } = this.#shared.users;
    if (max === null) return;
    if (max < 0) throw new AccessError("registration_disabled");
    const [row] = await this.#shared.database.read("SELECT count(*) AS n FROM portunus_users");
    if (Number(row?.["n"]) >= max) throw new AccessError("too_many_users");
  }

  async insertUser(user: NewUser, alongside?: Alongside): Promise<void> {
    await this.#shared.write(
      user.userId,
      async (sql) => {
        await this.#shared.users.insert(sql, user);
        if (alongside !== undefined) this.#shared.locally(alongside, null);
      },
      async (sql) => {
        await this.#shared.users.lockCount(sql);
        return await this.#shared.users.has(sql, user);
      },
    );
  }

  async insertFirstSuperadmin(first: FirstSuperadmin, alongside: Alongside): Promise<void> {
    await this.#shared.write(first.user.userId, async (sql) => {
      if (await this.#shared.users.lockSuperadmins(sql) > 0) {
        throw new AccessError("already_bootstrapped");
      }
      await this.#shared.users.insert(sql, first.user, "first");
      if (first.credential !== null) await insertCredential(sql, first.credential);
    }, async (sql) => {
      await this.#shared.users.lockSuperadmins(sql);
      return await this.#shared.users.has(sql, first.user);
    });
    this.#shared.locally(alongside, null);
  }

  async updateUser(userId: string, change: UserChange, now: Temporal.Instant): Promise<void> {
    await this.#shared.write(userId, async (sql) => {
      const superadmins = await this.#shared.users.lockSuperadmins(sql);
      const before = await this.#shared.users.lock(sql, userId);
      if (!before) throw new AccessError("user_not_found");
      const after = { ...before, ...change };
      if (superadmins === 1 && isActing(before) && !isActing(after)) {
        throw new AccessError("last_superadmin");
      }
      await this.#shared.users.update(sql, userId, after);
      if (change.disabled === true) await revokeSessions(sql, userId, now);
    }, async (sql) => {
      const user = await this.#shared.users.lock(sql, userId);
      return user !== undefined &&
        JSON.stringify({ ...user, ...change }) === JSON.stringify(user);
    });
  }

  replacePassword({ userId, from, to }: PasswordReplacement): Promise<boolean> {
    const hashOf = async (sql: SqlSession) =>
      (await this.#shared.users.lock(sql, userId))?.passwordHash;
    return this.#shared.write(userId, async (sql) => {
      if (from === null || await hashOf(sql) !== from) return false;
      await this.#shared.users.setPassword(sql, userId, { hash: to, changeRequired: false });
      return true;
    }, async (sql) => await hashOf(sql) === to);
  }

  overridePassword(override: PasswordOverride): Promise<Revoked> {
    const { userId, hash, changeRequired, keepCredentials, now } = override;
    return this.#shared.write(userId, async (sql) => {
      if (!await this.#shared.users.lock(sql, userId)) throw new AccessError("user_not_found");
      await this.#shared.users.setPassword(sql, userId, { hash, changeRequired });
      const sessions = await revokeSessions(sql, userId, now);
      if (keepCredentials) return { sessions, credentials: 0 };
      const { changes: credentials } = await sql.query(
        `UPDATE portunus_credentials SET status = 'revoked', revoked_at = ?
           WHERE user_id = ? AND status = 'active'`,
        millisOf(now),
        userId,
      );
      return { sessions, credentials };
    }, async (sql) => (await this.#shared.users.lock(sql, userId))?.passwordHash === hash);
  }

  async removeUser(userId: string, alongside: Alongside): Promise<readonly string[]> {
    const credentialIds = await this.#shared.write(userId, async (sql) => {
      const superadmins = await this.#shared.users.lockSuperadmins(sql);
      const user = await this.#shared.users.lock(sql, userId);
      if (!user) throw new AccessError("user_not_found");
      if (user.role === "superadmin" && superadmins <= 1) {
        throw new AccessError("last_superadmin");
      }
      const { rows } = await sql.query(CREDENTIALS_OF, userId);
      await this.#shared.users.delete(sql, userId);
      return rows.map((row) => toCredential(row).credentialId);
    }, async (sql) => {
      await this.#shared.users.lockSuperadmins(sql);
      return !await this.#shared.users.lock(sql, userId);
    });
    this.#shared.locally(alongside, userId);
    return credentialIds;
  }
}

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
