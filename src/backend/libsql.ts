/**
 * libSQL (Turso, sqld) over HTTP, through the part of `@libsql/client` that has no native code.
 *
 * @module
 */

import { type Client, createClient, LibsqlError, type Transaction } from "@libsql/client/web";
import type { Columns, SqlValue } from "../store/database.ts";
import type { LibsqlConfig } from "./config.ts";
import {
  type Dialect,
  type Driver,
  naming,
  type Query,
  type SqlConnection,
  type SqlErrorKind,
  type SqlParameter,
  type SqlResult,
} from "./sql.ts";

const dialect: Dialect = {
  // A writing transaction has the whole database for itself from its beginning.
  forUpdate: "",
  ignoreExisting: () => " ON CONFLICT DO NOTHING",
  tableOptions: () => Promise.resolve(""),
  inlineIndexes: false,
  async exclusively(connection, _seconds, work) {
    await connection.begin();
    try {
      const result = await work();
      await connection.commit();
      return result;
    } catch (error) {
      await connection.rollback().catch(() => undefined);
      throw error;
    }
  },
};

export function libsqlDriver(config: LibsqlConfig): Driver {
  return {
    dialect,
    snapshot: (queries, signal) => snapshot(config, queries, signal),
    async connect() {
      const connection = new LibsqlConnection(config);
      await connection.query("SELECT 1");
      return connection;
    },
  };
}

async function snapshot(
  config: LibsqlConfig,
  queries: readonly Query[],
  signal: AbortSignal,
): Promise<readonly (readonly Columns[])[]> {
  const client = clientOf(config, signal);
  try {
    const results = await naming(kindOf, () =>
      client.batch(
        queries.map(({ sql, parameters }) => ({ sql, args: parameters.map(argument) })),
        "read",
      ));
    // The client's rows have their columns by number, too.
    return results.map(({ rows, columns }) =>
      rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i] as SqlValue])))
    );
  } finally {
    client.close();
  }
}

function clientOf({ url, authToken }: LibsqlConfig, signal: AbortSignal): Client {
  return createClient({
    url,
    ...(authToken === null ? {} : { authToken }),
    intMode: "bigint",
    fetch: (request: Request) => fetch(request, { signal }),
  });
}

const argument = (it: SqlParameter) => typeof it === "number" ? BigInt(it) : it;

/** HTTP has no connections; this is one transaction or query at a time, and a way to end it. */
class LibsqlConnection implements SqlConnection {
  readonly #client: Client;
  readonly #closed = new AbortController();
  #transaction: Transaction | null = null;

  constructor(config: LibsqlConfig) {
    this.#client = clientOf(config, this.#closed.signal);
  }

  get usable(): boolean {
    return !this.#closed.signal.aborted;
  }

  query(sql: string, ...parameters: readonly SqlParameter[]): Promise<SqlResult> {
    return naming(kindOf, async () => {
      const args = parameters.map(argument);
      const { rows, rowsAffected } = await (this.#transaction ?? this.#client)
        .execute({ sql, args });
      return { rows: rows as unknown as readonly Columns[], changes: rowsAffected };
    });
  }

  async begin(): Promise<void> {
    this.#transaction = await naming(kindOf, () => this.#client.transaction("write"));
  }

  async commit(): Promise<void> {
    const transaction = this.#transaction;
    this.#transaction = null;
    await naming(kindOf, async () => await transaction?.commit());
  }

  async rollback(): Promise<void> {
    const transaction = this.#transaction;
    this.#transaction = null;
    await naming(kindOf, async () => await transaction?.rollback());
  }

  close(): void {
    this.#closed.abort(new DOMException("closed", "AbortError"));
    this.#client.close();
  }
}

function kindOf(error: Error): SqlErrorKind {
  if (!(error instanceof LibsqlError)) return "unavailable"; // of fetch
  if (error.code.startsWith("SQLITE_CONSTRAINT")) return "conflict";
  if (/^SQLITE_(BUSY|LOCKED)/.test(error.code)) return "contention";
  return error.code.startsWith("SQLITE_") ? "internal" : "unavailable";
}
