import type { Quota, QuotaKey } from "../core/quota.ts";
import type { Columns } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/**
 * Traffic quotas (table `traffic_quotas`). They outlive users and clients. Every method throws
 * {@linkcode StoreError} when the store cannot be used.
 */
export class QuotaRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get({ userId, clientId }: QuotaKey): Quota | undefined {
    const columns = this.#store.db.get(
      "SELECT * FROM traffic_quotas WHERE user_id = ? AND client_id = ?",
      userId,
      clientId,
    );
    return columns && toQuota(columns);
  }

  /** Every quota. */
  list(): Quota[] {
    return this.#store.db.all("SELECT * FROM traffic_quotas").map(toQuota);
  }

  /** The quotas of a user, by client id. */
  listOfUser(userId: string): Quota[] {
    return this.#store.db.all(
      "SELECT * FROM traffic_quotas WHERE user_id = ? ORDER BY client_id",
      userId,
    ).map(toQuota);
  }

  /** The quotas for a client, by user id. */
  listOfClient(clientId: string): Quota[] {
    return this.#store.db.all(
      "SELECT * FROM traffic_quotas WHERE client_id = ? ORDER BY user_id",
      clientId,
    ).map(toQuota);
  }

  /** The quotas whose current period began at `time`, in seconds, or before. */
  listStartedBy(time: bigint): Quota[] {
    return this.#store.db.all(
      "SELECT * FROM traffic_quotas WHERE current_period_started_at <= ?",
      time,
    ).map(toQuota);
  }

  /** Inserts or replaces the quota of its user and client. */
  save(quota: Quota): void {
    this.#store.db.run(
      `INSERT OR REPLACE INTO traffic_quotas (
         user_id, client_id, client_name, monthly_bytes, billing_anchor,
         current_period_started_at, current_period_bytes_used, exhausted_at, created_at, updated_at
       ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      quota.userId,
      quota.clientId,
      quota.clientName,
      quota.monthlyBytes,
      quota.billingAnchor,
      quota.periodStartedAt,
      quota.bytesUsed,
      quota.exhaustedAt,
      quota.createdAt,
      quota.updatedAt,
    );
  }

  remove({ userId, clientId }: QuotaKey): void {
    this.#store.db.run(
      "DELETE FROM traffic_quotas WHERE user_id = ? AND client_id = ?",
      userId,
      clientId,
    );
  }

  /** Groups reads and changes into one transaction. */
  transaction<T>(fn: () => T): T {
    return this.#store.write(fn);
  }
}

function toQuota(columns: Columns): Quota {
  const row = new Row("traffic_quotas", "user_id", columns);
  return {
    userId: row.text("user_id"),
    clientId: row.text("client_id"),
    clientName: row.text("client_name"),
    monthlyBytes: row.integer("monthly_bytes"),
    billingAnchor: row.integer("billing_anchor"),
    periodStartedAt: row.integer("current_period_started_at"),
    bytesUsed: row.integer("current_period_bytes_used"),
    exhaustedAt: row.integerOrNull("exhausted_at"),
    createdAt: row.integer("created_at"),
    updatedAt: row.integer("updated_at"),
  };
}
