import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** A rule's cumulative counters, as far as they have been counted. */
export interface Baseline {
  readonly ruleId: bigint;
  readonly ownerId: string;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
}

/**
 * What was counted last of each rule (table `traffic_baselines`). A baseline goes with its rule, by
 * a foreign key.
 */
export class BaselineRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Every rule of a client, with zeros where nothing has been counted yet. */
  listOfClient(clientId: string): Baseline[] {
    const rows = this.#store.db.all(
      `SELECT r.id, r.owner_user_id, ifnull(b.bytes_in, 0) AS bytes_in,
              ifnull(b.bytes_out, 0) AS bytes_out
       FROM rules AS r LEFT JOIN traffic_baselines AS b ON b.rule_id = r.id
       WHERE r.client_id = ?`,
      clientId,
    );
    return rows.map((columns) => {
      const row = new Row("traffic_baselines", "id", columns);
      return {
        ruleId: row.integer("id"),
        ownerId: row.text("owner_user_id"),
        bytesIn: row.integer("bytes_in"),
        bytesOut: row.integer("bytes_out"),
      };
    });
  }

  /** Remembers how far a rule has been counted. @throws {StoreError} `conflict` without the rule */
  save({ ruleId, bytesIn, bytesOut }: Baseline): void {
    this.#store.db.run(
      "INSERT OR REPLACE INTO traffic_baselines (rule_id, bytes_in, bytes_out) VALUES (?, ?, ?)",
      ruleId,
      bytesIn,
      bytesOut,
    );
  }

  /** Does `fn`, which changes this and other tables, as a whole or not at all. */
  transaction<T>(fn: () => T): T {
    return this.#store.write(fn);
  }
}
