/**
 * What users forwarded through clients, by the minute (table `traffic_samples_1m`) and, rolled up,
 * by the hour (`traffic_samples_1h`). Times are seconds since the Unix epoch.
 *
 * @module
 */

import { saturated } from "../core/counters.ts";
import type { Columns, SqlParameter } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** How long a bucket is. */
export type BucketSize = "1m" | "1h";

export const BUCKET_SECS = { "1m": 60n, "1h": 3_600n } as const satisfies Record<
  BucketSize,
  bigint
>;

const TABLES = {
  "1m": { table: "traffic_samples_1m", start: "ts_minute" },
  "1h": { table: "traffic_samples_1h", start: "ts_hour" },
} as const satisfies Record<BucketSize, { table: string; start: string }>;

/** Bytes of one user through one client. */
export interface Sample {
  readonly userId: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
}

/** Which buckets to read: those that begin in `[from, to)`, at most `limit`. */
export interface SampleQuery {
  readonly bucket: BucketSize;
  readonly from: bigint;
  readonly to: bigint;
  /** `null` for all users. */
  readonly userId: string | null;
  /** `null` for all clients. */
  readonly clientId: string | null;
  readonly limit: number;
}

/** Everything that was counted in one bucket. */
export interface BucketTotal {
  readonly start: bigint;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
}

/** SQLite's `sum` fails beyond 64 bits, so the halves are summed and put together here. */
const SUMS = `
  sum(bytes_in >> 32) AS in_high, sum(bytes_in & 0xffffffff) AS in_low,
  sum(bytes_out >> 32) AS out_high, sum(bytes_out & 0xffffffff) AS out_low
`;

export class SampleRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Adds to the minute that begins at `minute`. */
  add(minute: bigint, { userId, clientId, clientName, bytesIn, bytesOut }: Sample): void {
    this.#store.db.run(
      `INSERT INTO traffic_samples_1m (user_id, client_id, ts_minute, client_name, bytes_in, bytes_out)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (user_id, client_id, ts_minute) DO UPDATE SET
         bytes_in = bytes_in + min(excluded.bytes_in, 9223372036854775807 - bytes_in),
         bytes_out = bytes_out + min(excluded.bytes_out, 9223372036854775807 - bytes_out)`,
      userId,
      clientId,
      minute,
      clientName,
      bytesIn,
      bytesOut,
    );
  }

  /** Totals per bucket in which there is anything, earliest first. */
  totals({ bucket, from, to, userId, clientId, limit }: SampleQuery): BucketTotal[] {
    const { table, start } = TABLES[bucket];
    const conditions: [sql: string, value: SqlParameter][] = [
      [`${start} >= ?`, from],
      [`${start} < ?`, to],
    ];
    // A plus sign keeps SQLite from reading all that a user ever did in order to find some days.
    const user = clientId === null ? "+user_id = ?" : "user_id = ?";
    if (userId !== null) conditions.push([user, userId]);
    if (clientId !== null) conditions.push(["client_id = ?", clientId]);
    const rows = this.#store.db.all(
      `SELECT ${start} AS start, ${SUMS} FROM ${table}
       WHERE ${conditions.map(([sql]) => sql).join(" AND ")}
       GROUP BY ${start} ORDER BY ${start} LIMIT ?`,
      ...conditions.map(([, value]) => value),
      limit,
    );
    return rows.map((columns) => ({
      start: new Row(table, "start", columns).integer("start"),
      ...sumsOf(columns),
    }));
  }

  /** The hour that was rolled up last; 0 when none was. */
  lastRolledUpHour(): bigint {
    const row = this.#store.db.get("SELECT * FROM traffic_rollup_state WHERE id = 1");
    return row ? new Row("traffic_rollup_state", "id", row).integer("last_rolled_up_hour") : 0n;
  }

  /** When the first bucket at `from` or later begins that anybody has; `null` when there is none. */
  firstStart(bucket: BucketSize, from: bigint): bigint | null {
    const { table, start } = TABLES[bucket];
    const row = this.#store.db.get(
      `SELECT min(${start}) AS start FROM ${table} WHERE ${start} >= ?`,
      from,
    );
    return new Row(table, "start", row ?? {}).integerOrNull("start");
  }

  /** Sums the minutes of the hour that begins at `hour`, and remembers that it is done. */
  rollUp(hour: bigint): void {
    const { db } = this.#store;
    this.#store.write(() => {
      const groups = db.all(
        `SELECT user_id, client_id, min(client_name) AS client_name, ${SUMS}
         FROM traffic_samples_1m WHERE ts_minute >= ? AND ts_minute < ?
         GROUP BY user_id, client_id`,
        hour,
        hour + BUCKET_SECS["1h"],
      );
      for (const columns of groups) {
        const { bytesIn, bytesOut } = sumsOf(columns);
        db.run(
          `INSERT OR REPLACE INTO traffic_samples_1h
             (user_id, client_id, ts_hour, client_name, bytes_in, bytes_out)
           VALUES (?, ?, ?, ?, ?, ?)`,
          columns.user_id ?? null,
          columns.client_id ?? null,
          hour,
          columns.client_name ?? null,
          saturated(bytesIn),
          saturated(bytesOut),
        );
      }
      this.setRolledUpHour(hour);
    });
  }

  /** Remembers that there is nothing to roll up until after `hour`. */
  setRolledUpHour(hour: bigint): void {
    this.#store.db.run(
      `INSERT INTO traffic_rollup_state (id, last_rolled_up_hour) VALUES (1, ?)
       ON CONFLICT (id) DO UPDATE SET last_rolled_up_hour = excluded.last_rolled_up_hour`,
      hour,
    );
  }

  /** Deletes up to `limit` samples of buckets that began before `time`; returns how many. */
  deleteBefore(bucket: BucketSize, time: bigint, limit: number): number {
    const { table, start } = TABLES[bucket];
    return this.#store.db.run(
      `DELETE FROM ${table} WHERE rowid IN (
         SELECT rowid FROM ${table} WHERE ${start} < ? ORDER BY ${start} LIMIT ?
       )`,
      time,
      limit,
    );
  }
}

function sumsOf(columns: Columns): { readonly bytesIn: bigint; readonly bytesOut: bigint } {
  const row = new Row("traffic_samples", "start", columns);
  const sum = (name: string) => (row.integer(`${name}_high`) << 32n) + row.integer(`${name}_low`);
  return { bytesIn: sum("in"), bytesOut: sum("out") };
}
