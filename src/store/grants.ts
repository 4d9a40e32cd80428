/**
 * What users may forward (table `grants`).
 *
 * @module
 */

import type { Grant } from "../core/grants.ts";
import { toStoreText } from "../core/instant.ts";
import { type Protocol, PROTOCOLS } from "../core/rule.ts";
import type { Columns } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** A grant as the store keeps it. */
export interface GrantRow extends Grant {
  readonly grantId: string;
  readonly userId: string;
  readonly note: string | null;
  readonly createdAt: Temporal.Instant;
}

/** Bits of the `protocols` column. */
const PROTOCOL_BITS: Readonly<Record<Protocol, number>> = { tcp: 1, udp: 2 };

export class GrantRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Every grant by id. */
  list(): GrantRow[] {
    return this.#store.db.all("SELECT * FROM grants ORDER BY grant_id").map(toGrant);
  }

  /** A user's grants by id. */
  listOf(userId: string): GrantRow[] {
    const rows = this.#store.db.all(
      "SELECT * FROM grants WHERE user_id = ? ORDER BY grant_id",
      userId,
    );
    return rows.map(toGrant);
  }

  get(grantId: string): GrantRow | undefined {
    const row = this.#store.db.get("SELECT * FROM grants WHERE grant_id = ?", grantId);
    return row && toGrant(row);
  }

  count(): number {
    return Number(this.#store.db.get("SELECT count(*) AS n FROM grants")?.n ?? 0n);
  }

  /** How many grants each user has who has any. */
  countsByUser(): ReadonlyMap<string, number> {
    const rows = this.#store.db.all("SELECT user_id, count(*) AS n FROM grants GROUP BY user_id");
    return new Map(rows.map((columns) => {
      const row = new Row("grants", "user_id", columns);
      return [row.text("user_id"), row.number("n")];
    }));
  }

  /** @throws {StoreError} `conflict` when the id exists, or the user does not */
  insert(grant: GrantRow): void {
    this.#store.db.run(
      `INSERT INTO grants (grant_id, user_id, client, listen_port_start, listen_port_end,
         protocols, note, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      grant.grantId,
      grant.userId,
      grant.client,
      grant.listen.start,
      grant.listen.end,
      grant.protocols.reduce((bits, protocol) => bits | PROTOCOL_BITS[protocol], 0),
      grant.note,
      toStoreText(grant.createdAt),
    );
  }

  /** `false` when there is no such grant. */
  delete(grantId: string): boolean {
    return this.#store.db.run("DELETE FROM grants WHERE grant_id = ?", grantId) > 0;
  }
}

function toGrant(columns: Columns): GrantRow {
  const row = new Row("grants", "grant_id", columns);
  const bits = row.number("protocols");
  return {
    grantId: row.text("grant_id"),
    userId: row.text("user_id"),
    client: row.text("client"),
    listen: { start: row.number("listen_port_start"), end: row.number("listen_port_end") },
    protocols: PROTOCOLS.filter((protocol) => (bits & PROTOCOL_BITS[protocol]) !== 0),
    note: row.textOrNull("note"),
    createdAt: row.instant("created_at"),
  };
}
