/**
 * Enrolled clients and the hashes of their tokens (table `client_tokens`).
 *
 * @module
 */

import { PortunusError } from "../core/errors.ts";
import { ANY_CLIENT } from "../core/grants.ts";
import { toStoreText } from "../core/instant.ts";
import type { Columns } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** An enrolled client. */
export interface ClientRow {
  readonly clientId: string;
  /** Display name; several clients may have the same. */
  readonly clientName: string;
  /** When its current token was issued. */
  readonly issuedAt: Temporal.Instant;
  readonly revokedAt: Temporal.Instant | null;
  /** Where the client is reached, for people. */
  readonly clientAddress: string | null;
}

/** A client and its first token. */
export interface NewClient {
  readonly clientId: string;
  readonly clientName: string;
  readonly clientAddress: string | null;
  readonly tokenHash: string;
  readonly issuedAt: Temporal.Instant;
}

/** A client's next token. */
export interface TokenRotation {
  readonly tokenHash: string;
  readonly issuedAt: Temporal.Instant;
  /** A new address; `null` keeps the current one. */
  readonly clientAddress: string | null;
}

const COLUMNS = "client_id, client_name, issued_at, revoked_at, client_address";

export class ClientRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Every client by name, in the order of its bytes; clients of the same name by id. */
  list(): ClientRow[] {
    const rows = this.#store.db.all(
      `SELECT ${COLUMNS} FROM client_tokens ORDER BY client_name, client_id`,
    );
    return rows.map(toClient);
  }

  get(clientId: string): ClientRow | undefined {
    const row = this.#store.db.get(
      `SELECT ${COLUMNS} FROM client_tokens WHERE client_id = ?`,
      clientId,
    );
    return row && toClient(row);
  }

  /**
   * The client a token belongs to, revoked or not. Found by index: that a look-up stops early tells
   * something of a hash, and nothing of the 256 random bits behind it.
   */
  findByTokenHash(tokenHash: string): ClientRow | undefined {
    const row = this.#store.db.get(
      `SELECT ${COLUMNS} FROM client_tokens WHERE token_hash = ?`,
      tokenHash,
    );
    return row && toClient(row);
  }

  /** The client that was entered first of those called `clientName`. */
  findByName(clientName: string): ClientRow | undefined {
    const row = this.#store.db.get(
      `SELECT ${COLUMNS} FROM client_tokens WHERE client_name = ? ORDER BY rowid LIMIT 1`,
      clientName,
    );
    return row && toClient(row);
  }

  /** @throws {StoreError} `conflict` when the id or the hash exists */
  insert(client: NewClient): void {
    this.#store.db.run(
      `INSERT INTO client_tokens (client_id, client_name, token_hash, issued_at, client_address)
       VALUES (?, ?, ?, ?, ?)`,
      client.clientId,
      client.clientName,
      client.tokenHash,
      toStoreText(client.issuedAt),
      client.clientAddress,
    );
  }

  /** Replaces a client's token, which also lifts a revocation. `false` when there is no such client. */
  rotate(clientId: string, { tokenHash, issuedAt, clientAddress }: TokenRotation): boolean {
    const changed = this.#store.db.run(
      `UPDATE client_tokens
       SET token_hash = ?, issued_at = ?, revoked_at = NULL,
         client_address = COALESCE(?, client_address)
       WHERE client_id = ?`,
      tokenHash,
      toStoreText(issuedAt),
      clientAddress,
      clientId,
    );
    return changed > 0;
  }

  /** Marks a client's token as revoked; an earlier revocation keeps its time. */
  revoke(clientId: string, now: Temporal.Instant): void {
    this.#store.db.run(
      "UPDATE client_tokens SET revoked_at = ? WHERE client_id = ? AND revoked_at IS NULL",
      toStoreText(now),
      clientId,
    );
  }

  /** Revokes every client of this display name; returns the ids of those that were not revoked yet. */
  revokeByName(clientName: string, now: Temporal.Instant): string[] {
    const rows = this.#store.db.all(
      `UPDATE client_tokens SET revoked_at = ? WHERE client_name = ? AND revoked_at IS NULL
       RETURNING client_id`,
      toStoreText(now),
      clientName,
    );
    return rows.map((row) => new Row("client_tokens", "client_id", row).text("client_id"));
  }

  /** `false` when there is no such client. */
  setAddress(clientId: string, clientAddress: string): boolean {
    const changed = this.#store.db.run(
      "UPDATE client_tokens SET client_address = ? WHERE client_id = ?",
      clientAddress,
      clientId,
    );
    return changed > 0;
  }

  /**
   * Renames a client, its rules and the grants that name it, in one transaction. Traffic keeps the
   * name it was recorded under.
   *
   * Grants know clients by display name only. They follow as long as that means the same clients
   * before and after: not when another client has, or had until now, the same name.
   *
   * @returns how many grants were renamed
   * @throws {PortunusError} `client_not_found`
   */
  rename(clientId: string, newName: string): number {
    const { db } = this.#store;
    return this.#store.write(() => {
      const oldName = this.get(clientId)?.clientName;
      if (oldName === undefined) throw new PortunusError("client_not_found", clientId);
      db.run("UPDATE client_tokens SET client_name = ? WHERE client_id = ?", newName, clientId);
      db.run("UPDATE rules SET client_name = ? WHERE client_id = ?", newName, clientId);
      const ambiguous = [oldName, newName].some((name) =>
        name === ANY_CLIENT || this.#isTaken(name, clientId)
      );
      if (ambiguous) return 0;
      return db.run("UPDATE grants SET client = ? WHERE client = ?", newName, oldName);
    });
  }

  /**
   * Deletes a revoked client from the roster. Its rules, caps, quotas and samples stay and belong
   * to it again when the same id is enrolled anew.
   *
   * @throws {PortunusError} `client_not_found`, `client_not_revoked`
   */
  remove(clientId: string): void {
    this.#store.write(() => {
      const client = this.get(clientId);
      if (!client) throw new PortunusError("client_not_found", clientId);
      if (client.revokedAt === null) {
        throw new PortunusError("client_not_revoked", client.clientName);
      }
      this.#store.db.run("DELETE FROM client_tokens WHERE client_id = ?", clientId);
    });
  }

  /** Whether a client other than `clientId` is called `name`. */
  #isTaken(name: string, clientId: string): boolean {
    const other = this.#store.db.get(
      "SELECT 1 FROM client_tokens WHERE client_name = ? AND client_id <> ?",
      name,
      clientId,
    );
    return other !== undefined;
  }
}

function toClient(columns: Columns): ClientRow {
  const row = new Row("client_tokens", "client_id", columns);
  return {
    clientId: row.text("client_id"),
    clientName: row.text("client_name"),
    issuedAt: row.instant("issued_at"),
    revokedAt: row.instantOrNull("revoked_at"),
    clientAddress: row.textOrNull("client_address"),
  };
}
