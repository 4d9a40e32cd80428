/**
 * Caps on everything that one owner forwards on one client (table `rate_limit_owner`).
 *
 * @module
 */

import type { RateLimit } from "../core/rate_limit.ts";
import { LIMIT_COLUMNS, limitsFromRow, limitsToColumns } from "./limit_columns.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** One owner on one client. The owner need not exist as a user. */
export interface OwnerOnClient {
  readonly clientId: string;
  readonly ownerId: string;
}

/** The caps of an owner on a client; `{}` caps nothing and is kept all the same. */
export interface OwnerCap extends OwnerOnClient {
  readonly limits: RateLimit;
  /** Unix milliseconds. */
  readonly updatedAtMs: number;
}

const UPSERT = `
  INSERT INTO rate_limit_owner
    (client_id, owner_id, ${LIMIT_COLUMNS.join(", ")}, updated_at_unix_ms)
  VALUES (?, ?, ${LIMIT_COLUMNS.map(() => "?").join(", ")}, ?)
  ON CONFLICT (client_id, owner_id) DO UPDATE SET
    ${LIMIT_COLUMNS.map((column) => `${column} = excluded.${column}`).join(", ")},
    updated_at_unix_ms = excluded.updated_at_unix_ms
`;

export class OwnerCapRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** All of them, by client and owner. */
  loadAll(): OwnerCap[] {
    const rows = this.#store.db.all("SELECT * FROM rate_limit_owner ORDER BY client_id, owner_id");
    return rows.map((columns) => {
      const row = new Row("rate_limit_owner", "owner_id", columns);
      return {
        clientId: row.text("client_id"),
        ownerId: row.text("owner_id"),
        limits: limitsFromRow(row),
        updatedAtMs: row.number("updated_at_unix_ms"),
      };
    });
  }

  /**
   * Inserts the caps, or replaces all of those there are.
   *
   * @throws {StoreError} `conflict` when a value is out of range
   */
  upsert({ clientId, ownerId, limits, updatedAtMs }: OwnerCap): void {
    const values = limitsToColumns(limits);
    this.#store.db.run(
      UPSERT,
      clientId,
      ownerId,
      ...LIMIT_COLUMNS.map((column) => values[column]),
      updatedAtMs,
    );
  }

  /** Deletes the caps; unknown ones are nothing to do. */
  remove({ clientId, ownerId }: OwnerOnClient): void {
    this.#store.db.run(
      "DELETE FROM rate_limit_owner WHERE client_id = ? AND owner_id = ?",
      clientId,
      ownerId,
    );
  }
}
