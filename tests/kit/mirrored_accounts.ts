/**
 * Accounts in a shared database that look like those of a local store: what a test writes into the
 * local tables goes to the database before a request, and comes back after it. So the tests of the
 * API say the same of every database.
 *
 * @module
 */

import type { SharedDatabase } from "../../src/backend/database.ts";
import { SharedIdentityStore } from "../../src/backend/shared_identity_store.ts";
import type { SqlParameter, SqlSession } from "../../src/backend/sql.ts";
import { parseInstant, toStoreText } from "../../src/core/instant.ts";
import type { ServerAccounts } from "../../src/identity/local_identity_store.ts";
import type { Columns } from "../../src/store/database.ts";
import { IdentityTables } from "../../src/store/identity_tables.ts";
import type { Store } from "../../src/store/open.ts";

/** A table by its local name, and what its columns are called in both databases. */
interface MirroredTable {
  readonly name: string;
  readonly columns: readonly string[];
}

const TABLES: readonly MirroredTable[] = [
  {
    name: "users",
    columns: [
      "user_id",
      "role",
      "display_name",
      "disabled",
      "created_at",
      "password_hash",
      "password_change_required",
      "email",
      "totp_secret",
      "totp_last_step",
    ],
  },
  {
    name: "credentials",
    columns: [
      "credential_id",
      "user_id",
      "hash",
      "label",
      "status",
      "issued_at",
      "revoked_at",
      "last_used_at",
    ],
  },
  {
    name: "web_sessions",
    columns: [
      "session_hash",
      "user_id",
      "created_at",
      "last_seen_at",
      "absolute_expires_at",
      "revoked_at",
      "remote_addr",
      "user_agent",
    ],
  },
  {
    name: "login_attempts",
    columns: [
      "subject",
      "remote_addr",
      "action",
      "failures",
      "first_failed_at",
      "last_failed_at",
      "locked_until",
    ],
  },
];

/** Columns that are texts in one place and milliseconds in the other. */
const IS_TIME = /(_at|_until)$/;

export class MirroredAccounts {
  readonly accounts: ServerAccounts;
  readonly #local: Store;
  readonly #database: SharedDatabase;
  readonly #store: SharedIdentityStore;
  /** How many changes the local store had seen when both were alike; `null` before. */
  #alike: bigint | null = null;
  /** The rows of each table when both were alike. */
  #shared: readonly string[] = [];
  #running = 0;
  #ready: Promise<void> = Promise.resolve();

  constructor(local: Store, database: SharedDatabase) {
    const tables = new IdentityTables(local);
    this.#local = local;
    this.#database = database;
    this.#store = new SharedIdentityStore({
      database,
      maxUsers: null,
      locally: (alongside) => local.write(alongside),
      copy: null,
    });
    this.accounts = {
      store: this.#store,
      grantRows: tables.grants,
      setupToken: tables.setupToken,
      invitationRows: tables.invitations,
      anchor(userId) {
        if (tables.users.has(userId)) return;
        tables.users.insertAnchor(userId, Temporal.Instant.fromEpochMilliseconds(0));
      },
    };
  }

  /** Runs `request` between the two; of requests at one time only the first and the last do it. */
  async around<T>(request: () => Promise<T>): Promise<T> {
    if (this.#running++ === 0) this.#ready = this.#toShared();
    await this.#ready;
    try {
      return await request();
    } finally {
      if (--this.#running === 0) await this.#toLocal();
    }
  }

  async #toShared(): Promise<void> {
    if (this.#changes() === this.#alike) return;
    const rows = TABLES.map(({ name }) => this.#local.db.all(`SELECT * FROM ${name}`));
    await this.#database.write(async (sql) => {
      for (const [i, table] of TABLES.entries()) {
        const local = rows[i] ?? [];
        if (textOf(local) !== this.#shared[i]) await replaceShared(sql, table, local);
      }
    }, () => Promise.resolve(true));
  }

  /** Leaves what refers to users as it is. */
  async #toLocal(): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
    const tables = await Promise.all(
      TABLES.map(({ name }) => this.#database.read(`SELECT * FROM portunus_${name}`)),
    );
    this.#local.write(() => {
      for (const [i, table] of TABLES.entries()) this.#replace(table, tables[i] ?? []);
    });
    this.#alike = this.#changes();
    this.#shared = TABLES.map(({ name }) => textOf(this.#local.db.all(`SELECT * FROM ${name}`)));
  }

  #replace({ name, columns }: MirroredTable, rows: readonly Columns[]): void {
    const { db } = this.#local;
    const [key] = columns;
    const kept = new Set(rows.map((row) => row[key ?? ""]));
    for (const row of db.all(`SELECT * FROM ${name}`)) {
      const gone = !kept.has(row[key ?? ""] ?? null);
      if (gone) db.run(`DELETE FROM ${name} WHERE ${key} = ?`, row[key ?? ""] ?? null);
    }
    const updates = columns.map((column) => `${column} = excluded.${column}`);
    const conflict = name === "login_attempts" ? "subject, remote_addr, action" : key;
    for (const row of rows) {
      db.run(
        `INSERT INTO ${name} (${columns.join()}) VALUES (${marks(columns)})
         ON CONFLICT (${conflict}) DO UPDATE SET ${updates.join()}`,
        ...columns.map((column) => toLocalValue(column, row)),
      );
    }
  }

  #changes(): bigint {
    return this.#local.db.get("SELECT total_changes() AS n")?.["n"] as bigint;
  }
}

/** Rows as something that can be compared. */
const textOf = (rows: readonly Columns[]) =>
  JSON.stringify(rows, (_, value) => typeof value === "bigint" ? `${value}n` : value);

/** Round trips are what takes time here, so there is one for all rows. */
async function replaceShared(
  sql: SqlSession,
  { name, columns }: MirroredTable,
  rows: readonly Columns[],
): Promise<void> {
  await sql.query(`DELETE FROM portunus_${name}`);
  if (rows.length === 0) return;
  const values = rows.map(() => `(${marks(columns)})`).join();
  await sql.query(
    `INSERT INTO portunus_${name} (${columns.join()}) VALUES ${values}`,
    ...rows.flatMap((row) => columns.map((column) => toSharedValue(column, row))),
  );
}

const marks = (columns: readonly string[]) => columns.map(() => "?").join();

function toSharedValue(column: string, row: Columns): SqlParameter {
  const value = row[column] ?? null;
  if (typeof value === "bigint") return Number(value);
  return IS_TIME.test(column) && typeof value === "string"
    ? parseInstant(value).epochMilliseconds
    : value;
}

function toLocalValue(column: string, row: Columns) {
  const value = row[column] ?? null;
  return IS_TIME.test(column) && typeof value === "bigint"
    ? toStoreText(Temporal.Instant.fromEpochMilliseconds(Number(value)))
    : value;
}
