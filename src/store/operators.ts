/**
 * Users, their API credentials and grants (tables `users`, `credentials`, `grants`), and the
 * token of the first set-up (`onboarding_setup`).
 *
 * @module
 */

import type { Grant } from "../core/grants.ts";
import { toStoreText } from "../core/instant.ts";
import type { Protocol } from "../core/rule.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

export const ROLES = ["superadmin", "user"] as const;
export type Role = typeof ROLES[number];

/** An active credential's owner. */
export interface CredentialOwner {
  readonly credentialId: string;
  readonly userId: string;
  readonly role: Role;
  readonly disabled: boolean;
}

/** A superadmin that Portunus creates for itself, with its first API credential. */
export interface NewSuperadmin {
  readonly userId: string;
  readonly displayName: string;
  readonly credentialId: string;
  readonly tokenHash: string;
  readonly label: string;
  readonly now: Temporal.Instant;
}

export class OperatorRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** How many superadmins can act. */
  enabledSuperadmins(): number {
    const row = this.#store.db.get(
      "SELECT COUNT(*) AS n FROM users WHERE role = 'superadmin' AND disabled = 0",
    );
    return Number(row?.["n"] ?? 0n);
  }

  /** Numbers for the log line at start. */
  counts(): { readonly users: number; readonly grants: number } {
    const row = this.#store.db.get(
      "SELECT (SELECT COUNT(*) FROM users) AS users, (SELECT COUNT(*) FROM grants) AS grants",
    );
    return { users: Number(row?.["users"] ?? 0n), grants: Number(row?.["grants"] ?? 0n) };
  }

  /** The owner of an active credential. The hash is indexed: no work depends on its value. */
  findByCredentialHash(hash: string): CredentialOwner | undefined {
    const columns = this.#store.db.get(
      `SELECT credential_id, user_id, role, disabled FROM credentials JOIN users USING (user_id)
       WHERE hash = ? AND status = 'active'`,
      hash,
    );
    if (!columns) return undefined;
    const row = new Row("credentials", columns);
    return {
      credentialId: row.text("credential_id"),
      userId: row.text("user_id"),
      role: row.oneOf("role", ROLES),
      disabled: row.boolean("disabled"),
    };
  }

  /** Records that a credential was used. */
  touchCredential(credentialId: string, now: Temporal.Instant): void {
    this.#store.db.run(
      "UPDATE credentials SET last_used_at = ? WHERE credential_id = ?",
      toStoreText(now),
      credentialId,
    );
  }

  /** Enters the user and the credential, or neither. Throws when the user exists. */
  createSuperadmin(
    { userId, displayName, credentialId, tokenHash, label, now }: NewSuperadmin,
  ): void {
    const { db } = this.#store;
    db.transaction(() => {
      db.run(
        "INSERT INTO users (user_id, role, display_name, created_at) VALUES (?, 'superadmin', ?, ?)",
        userId,
        displayName,
        toStoreText(now),
      );
      db.run(
        "INSERT INTO credentials (credential_id, user_id, hash, label, status, issued_at) VALUES (?, ?, ?, ?, 'active', ?)",
        credentialId,
        userId,
        tokenHash,
        label,
        toStoreText(now),
      );
    });
  }

  /** What a user may forward. */
  grantsOf(userId: string): Grant[] {
    const rows = this.#store.db.all(
      "SELECT * FROM grants WHERE user_id = ? ORDER BY grant_id",
      userId,
    );
    return rows.map((columns) => {
      const row = new Row("grants", columns);
      return {
        client: row.text("client"),
        listen: { start: row.number("listen_port_start"), end: row.number("listen_port_end") },
        protocols: protocolsOf(row.number("protocols")),
      };
    });
  }

  /** Replaces the token of the first set-up; only its hash is kept. */
  rotateSetupToken(
    tokenHash: string,
    issuedAt: Temporal.Instant,
    expiresAt: Temporal.Instant,
  ): void {
    this.#store.db.run(
      "INSERT OR REPLACE INTO onboarding_setup (id, token_hash, issued_at, expires_at) VALUES (1, ?, ?, ?)",
      tokenHash,
      toStoreText(issuedAt),
      toStoreText(expiresAt),
    );
  }
}

/** The bit set of the `protocols` column. */
function protocolsOf(bits: number): Protocol[] {
  const protocols: Protocol[] = [];
  if (bits & 1) protocols.push("tcp");
  if (bits & 2) protocols.push("udp");
  return protocols;
}
