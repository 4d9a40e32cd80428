/**
 * A copy of the shared accounts in a SQLite file of this server. The file answers what requests
 * look up; the database is asked for what it does not have, and gets every write first.
 *
 * @module
 */

import { type Clock } from "../core/clock.ts";
import { errorText, PortunusError } from "../core/errors.ts";
import { instantFromMillis } from "../core/instant.ts";
import type { Logger } from "../core/log.ts";
import type { ReplicaStatus } from "../identity/backend_status.ts";
import { type Columns, Database, type SqlParameter as SqliteValue } from "../store/database.ts";
import { createPrivate } from "../store/sqlite_file.ts";
import { SCHEMA_VERSION, sqliteTables } from "./schema.ts";
import type { Copy } from "./shared.ts";
import type { Query, SqlParameter } from "./sql.ts";

/** Where the rows come from. */
export interface Primary {
  /** The rows of several queries, all of the same state of the database. */
  snapshot(queries: readonly Query[]): Promise<readonly (readonly Columns[])[]>;
}

export interface ReplicaOptions {
  readonly path: string;
  readonly primary: Primary;
  /** How often the file is brought up to date, in milliseconds; 0 for never. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Marks our files (`PRAGMA application_id`), so that no other database is taken for one. */
const APPLICATION_ID = 0x50_52_54_52n;

/** What is copied; attempts to log in are counted at the database alone. */
const COPIED = ["portunus_users", "portunus_credentials", "portunus_web_sessions"] as const;

export class Replica implements Copy, Disposable {
  readonly #options: ReplicaOptions;
  readonly #db: Database;
  /** Ends when all that was asked for so far is done; never fails. */
  #queue: Promise<void> = Promise.resolve();
  /** A sync that has not begun yet. */
  #next: Promise<void> | null = null;
  #syncedAtMs = 0;
  #syncedMonotonic = 0;
  #failing = false;
  /** Whether all that this server wrote is in the file. */
  #trusted = true;
  #timer: Disposable | null = null;

  private constructor(options: ReplicaOptions, db: Database) {
    this.#options = options;
    this.#db = db;
  }

  /**
   * Opens the file and fills it.
   *
   * @throws {PortunusError} `config_invalid` when the file is another database; the codes of reads
   */
  static async open(options: ReplicaOptions): Promise<Replica> {
    const replica = new Replica(options, openFile(options.path));
    try {
      await replica.#copyAll();
    } catch (error) {
      replica[Symbol.dispose]();
      throw error;
    }
    replica.#schedule();
    return replica;
  }

  read(sql: string, ...parameters: readonly SqlParameter[]): readonly Columns[] {
    return this.#trusted ? this.#db.all(sql, ...parameters) : [];
  }

  status(): ReplicaStatus {
    return {
      syncedAt: instantFromMillis(this.#syncedAtMs),
      ageSecs: this.ageSecs,
      intervalSecs: this.#options.intervalMs / 1_000,
      failing: this.#failing,
    };
  }

  /** Seconds since the file was brought up to date. */
  get ageSecs(): number {
    return Math.floor((this.#options.clock.monotonic() - this.#syncedMonotonic) / 1_000);
  }

  /** Brings the file up to date, at most one time at once. A failure is logged, and shows. */
  sync(): Promise<void> {
    this.#next ??= this.#enqueue(async () => {
      this.#next = null;
      try {
        await this.#copyAll();
      } catch (error) {
        this.#failing = true;
        this.#options.logger.warn("auth_backend.sync_failed", {
          error: errorText(error),
          age_secs: this.ageSecs,
        });
      }
    });
    return this.#next;
  }

  /** After a write about a user; without an answer the file forgets them, and the database is asked. */
  refresh(userId: string): Promise<void> {
    return this.#enqueue(async () => {
      const rows = await this.#options.primary.snapshot(
        COPIED.map((table) => ({
          sql: `SELECT * FROM ${table} WHERE user_id = ?`,
          parameters: [userId],
        })),
      ).catch(() => COPIED.map(() => []));
      try {
        this.#replace(rows, userId);
      } catch (error) {
        // What was revoked here would still be good.
        this.#trusted = false;
        this.#failing = true;
        this.#options.logger.error("auth_backend.replica_write_failed", {
          error: errorText(error),
        });
      }
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#db[Symbol.dispose]();
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(work);
    return this.#queue;
  }

  async #copyAll(): Promise<void> {
    const { primary, clock } = this.#options;
    const [now, monotonic] = [clock.now(), clock.monotonic()];
    const rows = await primary.snapshot(
      COPIED.map((table) => ({ sql: `SELECT * FROM ${table}`, parameters: [] })),
    );
    this.#replace(rows, null);
    this.#syncedAtMs = now;
    this.#syncedMonotonic = monotonic;
    this.#failing = false;
    this.#trusted = true;
  }

  /** Replaces what the file has of a user, or of all. */
  #replace(tables: readonly (readonly Columns[])[], userId: string | null): void {
    this.#db.write(() => {
      for (const [i, table] of COPIED.entries()) {
        if (userId === null) this.#db.run(`DELETE FROM ${table}`);
        else this.#db.run(`DELETE FROM ${table} WHERE user_id = ?`, userId);
        for (const row of tables[i] ?? []) this.#insert(table, row);
      }
    });
  }

  #insert(table: string, row: Columns): void {
    const names = Object.keys(row);
    this.#db.run(
      `INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => "?").join()})`,
      ...Object.values(row) as SqliteValue[],
    );
  }

  #schedule(): void {
    const { intervalMs, clock } = this.#options;
    if (intervalMs === 0) return;
    this.#timer = clock.timer(intervalMs, () => {
      void this.sync().then(() => this.#schedule()); // throws nothing
    });
  }
}

/** An empty file of ours. @throws {PortunusError} `config_invalid` */
function openFile(path: string): Database {
  try {
    createPrivate(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  const isNew = Deno.statSync(path).size === 0;
  const db = new Database(path);
  try {
    // A second server on the same file is told so.
    db.all("PRAGMA locking_mode = EXCLUSIVE");
    const id = db.get("PRAGMA application_id")?.["application_id"];
    if (!isNew && id !== APPLICATION_ID) {
      throw new PortunusError("config_invalid", `${path} is no replica but another database`);
    }
    Deno.chmodSync(path, 0o600);
    db.write(() => {
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      // It is a copy: one of another version is made anew.
      const version = db.get("PRAGMA user_version")?.["user_version"];
      if (version !== BigInt(SCHEMA_VERSION)) {
        for (const table of COPIED) db.exec(`DROP TABLE IF EXISTS ${table}`);
        db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
      }
      for (const statement of sqliteTables()) db.exec(statement);
    });
    return db;
  } catch (error) {
    db[Symbol.dispose]();
    throw error;
  }
}
