/**
 * API credentials of a shared database.
 *
 * @module
 */

import { AccessError } from "../core/errors.ts";
import type { CredentialStore, Replacement } from "../identity/identity_store.ts";
import type { CredentialOwner, CredentialRow, NewCredential } from "../store/credentials.ts";
import type { Columns } from "../store/database.ts";
import { CREDENTIALS_OF, millisOf, OWNERS, toCredential, toOwner } from "./rows.ts";
import type { Shared } from "./shared.ts";
import type { SqlSession } from "./sql.ts";
import { Touches } from "./touches.ts";
import { isActing } from "./users.ts";

export class SharedCredentials implements CredentialStore, AsyncDisposable {
  readonly #shared: Shared;
  readonly #owner: (tokenHash: string) => Promise<Columns | undefined>;
  readonly #touches: Touches;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#owner = shared.lookups(OWNERS);
    this.#touches = new Touches((id, at) =>
      shared.update(
        "UPDATE portunus_credentials SET last_used_at = ? WHERE credential_id = ?",
        millisOf(at),
        id,
      )
    );
  }

  async credentialOwner(
    tokenHash: string,
    now: Temporal.Instant,
  ): Promise<CredentialOwner | undefined> {
    const columns = await this.#owner(tokenHash);
    if (!columns) return undefined;
    const { lastUsedAt, ...owner } = toOwner(columns);
    if (!owner.disabled) this.#touches.touch(owner.credentialId, lastUsedAt, now);
    return owner;
  }

  async credentialsOf(userId: string): Promise<readonly CredentialRow[]> {
    const rows = await this.#shared.lookUp(CREDENTIALS_OF, userId);
    return rows.map(toCredential).map((row) => ({
      ...row,
      lastUsedAt: this.#touches.latest(row.credentialId, row.lastUsedAt),
    }));
  }

  async insertCredential(credential: NewCredential): Promise<void> {
    await this.#shared.write(credential.userId, async (sql) => {
      if (!await this.#shared.users.lock(sql, credential.userId)) {
        throw new AccessError("user_not_found");
      }
      await insertCredential(sql, credential);
    }, (sql) => this.#hasCredential(sql, credential.userId, credential.credentialId));
  }

  replaceCredential(replacement: Replacement): Promise<string | null> {
    const { replaces, label, userId, issuedAt, ...fresh } = replacement;
    return this.#shared.write(userId, async (sql) => {
      await this.#shared.users.lock(sql, userId);
      const old = await requireActive(sql, userId, replaces);
      await revoke(sql, replaces, issuedAt);
      const newLabel = label ?? old.label;
      await insertCredential(sql, { ...fresh, userId, issuedAt, label: newLabel });
      return newLabel;
    }, (sql) => this.#hasCredential(sql, userId, fresh.credentialId));
  }

  async revokeCredential(
    userId: string,
    credentialId: string,
    now: Temporal.Instant,
  ): Promise<void> {
    await this.#shared.write(userId, async (sql) => {
      const superadmins = await this.#shared.users.lockSuperadmins(sql);
      const user = await this.#shared.users.lock(sql, userId);
      await requireActive(sql, userId, credentialId);
      const isOnly = superadmins === 1 && user !== undefined && isActing(user) &&
        user.passwordHash === null && await activeCredentials(sql, userId) === 1;
      if (isOnly) throw new AccessError("last_superadmin");
      await revoke(sql, credentialId, now);
    }, async (sql) => {
      await this.#shared.users.lock(sql, userId);
      const { rows } = await sql.query(CREDENTIALS_OF, userId);
      return rows.map(toCredential).some((it) =>
        it.credentialId === credentialId && it.status === "revoked"
      );
    });
  }

  /** Waits for what is being written beside requests. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#touches[Symbol.asyncDispose]();
  }

  async #hasCredential(sql: SqlSession, userId: string, credentialId: string): Promise<boolean> {
    await this.#shared.users.lock(sql, userId);
    const { rows } = await sql.query(CREDENTIALS_OF, userId);
    return rows.some((row) => toCredential(row).credentialId === credentialId);
  }
}

/** Enters a credential. */
export async function insertCredential(sql: SqlSession, credential: NewCredential): Promise<void> {
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
