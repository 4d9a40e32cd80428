/**
 * PostgreSQL, through `pg`. Every statement is prepared once a connection. Poolers that hand each
 * transaction another connection may not know these; then the URL says `prepare=false`.
 *
 * @module
 */

import { Socket } from "node:net";
// @ts-types="@types/pg"
import pg from "pg";
import type { SqlValue } from "../store/database.ts";
import type { PostgresConfig } from "./config.ts";
import {
  type ConnectOptions,
  type Dialect,
  type Driver,
  isNetworkError,
  naming,
  type SqlConnection,
  type SqlErrorKind,
  type SqlParameter,
  type SqlResult,
} from "./sql.ts";

/** Names our schema among the advisory locks of a database. */
const SETUP_LOCK = 7_067_117_110;

const dialect: Dialect = {
  forUpdate: " FOR UPDATE",
  ignoreExisting: () => " ON CONFLICT DO NOTHING",
  tableOptions: () => Promise.resolve(""),
  inlineIndexes: false,
  async exclusively(connection, _seconds, work) {
    await connection.query(`SELECT pg_advisory_lock(${SETUP_LOCK})`);
    try {
      return await work();
    } finally {
      await connection.query(`SELECT pg_advisory_unlock(${SETUP_LOCK})`);
    }
  },
};

export function postgresDriver(config: PostgresConfig): Driver {
  const prepare = !/[?&]prepare=(false|0)(&|$)/.test(config.url);
  const statements = new Statements(prepare);
  return {
    dialect,
    connect: (options) => PostgresConnection.open(config.url, statements, options),
  };
}

/** Statements as PostgreSQL wants them. They are few and fixed. */
class Statements {
  readonly #prepare: boolean;
  readonly #known = new Map<string, { readonly text: string; readonly name?: string }>();

  constructor(prepare: boolean) {
    this.#prepare = prepare;
  }

  /** With a name, where it is to be prepared. */
  get(sql: string): { readonly text: string; readonly name?: string } {
    let statement = this.#known.get(sql);
    if (!statement) {
      const name = this.#prepare ? { name: `portunus_${this.#known.size}` } : {};
      statement = { text: numbered(sql), ...name };
      this.#known.set(sql, statement);
    }
    return statement;
  }
}

/** Object ids of types, from `pg_type`. */
const INTEGER_TYPES: ReadonlySet<number> = new Set([20, 21, 23]);
const PADDED_TEXT_TYPE = 1042;

const types = {
  getTypeParser: (oid: number) => (text: string): SqlValue => {
    if (INTEGER_TYPES.has(oid)) return BigInt(text);
    return oid === PADDED_TEXT_TYPE ? text.trimEnd() : text;
  },
};

class PostgresConnection implements SqlConnection {
  readonly #client: pg.Client;
  readonly #socket: Socket;
  readonly #statements: Statements;
  #usable = true;

  private constructor(client: pg.Client, socket: Socket, statements: Statements) {
    this.#client = client;
    this.#statements = statements;
    this.#socket = socket;
    client.on("error", () => this.#usable = false);
    client.on("end", () => this.#usable = false);
  }

  static async open(
    url: string,
    statements: Statements,
    options: ConnectOptions,
  ): Promise<PostgresConnection> {
    const socket = new Socket();
    const client = new pg.Client({
      connectionString: url,
      application_name: "portunus-server",
      keepAlive: true,
      connectionTimeoutMillis: options.connectTimeoutMs,
      statement_timeout: options.statementTimeoutMs,
      stream: () => socket,
      types,
    });
    const connection = new PostgresConnection(client, socket, statements);
    await naming(kindOf, () => client.connect()).catch((error) => {
      socket.destroy();
      throw error;
    });
    return connection;
  }

  get usable(): boolean {
    return this.#usable && !this.#socket.destroyed;
  }

  query(sql: string, ...values: readonly SqlParameter[]): Promise<SqlResult> {
    return naming(kindOf, async () => {
      const { rows, rowCount } = await this.#client.query({
        ...this.#statements.get(sql),
        values: [...values],
      });
      return { rows, changes: rowCount ?? 0 };
    });
  }

  async begin(): Promise<void> {
    await this.query("BEGIN");
  }

  async commit(): Promise<void> {
    await this.query("COMMIT");
  }

  async rollback(): Promise<void> {
    await this.query("ROLLBACK");
  }

  close(): void {
    this.#usable = false;
    this.#socket.destroy();
  }
}

/** `?` as `$1`, `$2` … No statement of ours has one in a literal. */
function numbered(sql: string): string {
  let n = 0;
  return sql.replaceAll("?", () => `$${++n}`);
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function kindOf(error: Error): SqlErrorKind {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "23505") return "conflict";
  if (code === "40001" || code === "40P01") return "contention";
  if (code === "57014" || code === "55P03") return "timeout";
  // Connection exceptions, resources, shutdowns, and who may come in.
  if (/^(08|53|57P|28)/.test(code) || isNetworkError(error)) return "unavailable";
  return /connect|terminat|not queryable/i.test(error.message) ? "unavailable" : "internal";
}
