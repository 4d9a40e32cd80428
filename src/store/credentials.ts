/**
 * Operators' API tokens (table `credentials`). Only hashes are kept, and they never leave the store.
 *
 * @module
 */

import { toStoreText } from "../core/instant.ts";
import type { Columns } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";
import { type Role, ROLES } from "./users.ts";

export const CREDENTIAL_STATUSES = ["active", "revoked"] as const;
export type CredentialStatus = typeof CREDENTIAL_STATUSES[number];

/** An API credential. */
export interface CredentialRow {
  readonly credentialId: string;
  readonly userId: string;
  readonly label: string | null;
  readonly status: CredentialStatus;
  readonly issuedAt: Temporal.Instant;
  readonly revokedAt: Temporal.Instant | null;
  readonly lastUsedAt: Temporal.Instant | null;
}

/** A credential with the hash of its token, to be copied to another database. */
export interface StoredCredential extends CredentialRow {
  readonly tokenHash: string;
}

export interface NewCredential {
  readonly credentialId: string;
  readonly userId: string;
  readonly tokenHash: string;
  readonly label: string | null;
  readonly issuedAt: Temporal.Instant;
}

/** An active credential's owner. */
export interface CredentialOwner {
  readonly credentialId: string;
  readonly userId: string;
  readonly role: Role;
  readonly disabled: boolean;
}

export class CredentialRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** A user's credentials, revoked ones too, oldest first. */
  listOf(userId: string): CredentialRow[] {
    const rows = this.#store.db.all(
      `SELECT credential_id, user_id, label, status, issued_at, revoked_at, last_used_at
       FROM credentials WHERE user_id = ? ORDER BY issued_at, credential_id`,
      userId,
    );
    return rows.map(toCredential);
  }

  /** A user's credentials with the hashes of their tokens, oldest first. */
  storedOf(userId: string): StoredCredential[] {
    const rows = this.#store.db.all(
      "SELECT * FROM credentials WHERE user_id = ? ORDER BY issued_at, credential_id",
      userId,
    );
    return rows.map((columns) => ({
      ...toCredential(columns),
      tokenHash: new Row("credentials", "credential_id", columns).text("hash"),
    }));
  }

  /** The owner of an active credential. By index, as `ClientRepository.findByTokenHash` is. */
  findActive(tokenHash: string): CredentialOwner | undefined {
    const columns = this.#store.db.get(
      `SELECT credential_id, user_id, role, disabled FROM credentials JOIN users USING (user_id)
       WHERE hash = ? AND status = 'active'`,
      tokenHash,
    );
    if (!columns) return undefined;
    const row = new Row("credentials", "credential_id", columns);
    return {
      credentialId: row.text("credential_id"),
      userId: row.text("user_id"),
      role: row.oneOf("role", ROLES),
      disabled: row.boolean("disabled"),
    };
  }

  /** @throws {StoreError} `conflict` when the id or the hash exists, or the user does not */
  insert({ credentialId, userId, tokenHash, label, issuedAt }: NewCredential): void {
    this.#store.db.run(
      `INSERT INTO credentials (credential_id, user_id, hash, label, status, issued_at)
       VALUES (?, ?, ?, ?, 'active', ?)`,
      credentialId,
      userId,
      tokenHash,
      label,
      toStoreText(issuedAt),
    );
  }

  /** Records that a credential was used. */
  touch(credentialId: string, now: Temporal.Instant): void {
    this.#store.db.run(
      "UPDATE credentials SET last_used_at = ? WHERE credential_id = ?",
      toStoreText(now),
      credentialId,
    );
  }

  /** Ends a user's credential. `false` when that user has no active one of this id. */
  revoke(userId: string, credentialId: string, now: Temporal.Instant): boolean {
    const changed = this.#store.db.run(
      `UPDATE credentials SET status = 'revoked', revoked_at = ?
       WHERE credential_id = ? AND user_id = ? AND status = 'active'`,
      toStoreText(now),
      credentialId,
      userId,
    );
    return changed > 0;
  }

  /** Ends all credentials of a user; returns how many were active. */
  revokeAllOf(userId: string, now: Temporal.Instant): number {
    return this.#store.db.run(
      `UPDATE credentials SET status = 'revoked', revoked_at = ?
       WHERE user_id = ? AND status = 'active'`,
      toStoreText(now),
      userId,
    );
  }
}

function toCredential(columns: Columns): CredentialRow {
  const row = new Row("credentials", "credential_id", columns);
  return {
    credentialId: row.text("credential_id"),
    userId: row.text("user_id"),
    label: row.textOrNull("label"),
    status: row.oneOf("status", CREDENTIAL_STATUSES),
    issuedAt: row.instant("issued_at"),
    revokedAt: row.instantOrNull("revoked_at"),
    lastUsedAt: row.instantOrNull("last_used_at"),
  };
}
