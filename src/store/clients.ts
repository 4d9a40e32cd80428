/**
 * Enrolled clients and the hashes of their tokens (table `client_tokens`).
 *
 * @module
 */

import { toStoreText } from "../core/instant.ts";
import type { SqlValue } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** An enrolled client. */
export interface ClientRow {
  readonly clientId: string;
  readonly clientName: string;
  /** When its current token was issued. */
  readonly issuedAt: Temporal.Instant;
  readonly revokedAt: Temporal.Instant | null;
  /** Where the client is reached, for people. */
  readonly clientAddress: string | null;
}

const COLUMNS = "client_id, client_name, issued_at, revoked_at, client_address";

export class ClientRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Every client, by name. */
  list(): ClientRow[] {
    const rows = this.#store.db.all(
      `SELECT ${COLUMNS} FROM client_tokens ORDER BY client_name, client_id`,
    );
    return rows.map(read);
  }

  get(clientId: string): ClientRow | undefined {
    return readOptional(
      this.#store.db.get(`SELECT ${COLUMNS} FROM client_tokens WHERE client_id = ?`, clientId),
    );
  }

  /** The client a token belongs to, revoked or not. The hash is indexed: no work depends on its value. */
  findByTokenHash(tokenHash: string): ClientRow | undefined {
    return readOptional(
      this.#store.db.get(`SELECT ${COLUMNS} FROM client_tokens WHERE token_hash = ?`, tokenHash),
    );
  }

  /** Marks the client's token as revoked; an earlier revocation keeps its time. */
  revoke(clientId: string, now: Temporal.Instant): void {
    this.#store.db.run(
      "UPDATE client_tokens SET revoked_at = ? WHERE client_id = ? AND revoked_at IS NULL",
      toStoreText(now),
      clientId,
    );
  }

  /** Revokes every client of this display name; returns how many were not revoked before. */
  revokeByName(clientName: string, now: Temporal.Instant): number {
    return this.#store.db.run(
      "UPDATE client_tokens SET revoked_at = ? WHERE client_name = ? AND revoked_at IS NULL",
      toStoreText(now),
      clientName,
    );
  }
}

function readOptional(columns: Record<string, SqlValue> | undefined): ClientRow | undefined {
  return columns && read(columns);
}

function read(columns: Record<string, SqlValue>): ClientRow {
  const row = new Row("client_tokens", columns);
  return {
    clientId: row.text("client_id"),
    clientName: row.text("client_name"),
    issuedAt: row.instant("issued_at"),
    revokedAt: row.instantOrNull("revoked_at"),
    clientAddress: row.textOrNull("client_address"),
  };
}
