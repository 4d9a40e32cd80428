/**
 * MySQL and MariaDB, through `mysql2`.
 *
 * @module
 */

import { isIP } from "node:net";
import mysql from "mysql2/promise";
import type { SqlValue } from "../store/database.ts";
import type { MysqlConfig } from "./config.ts";
import {
  type ConnectOptions,
  type Dialect,
  type Driver,
  isNetworkError,
  naming,
  type SqlConnection,
  SqlError,
  type SqlErrorKind,
  type SqlParameter,
  type SqlResult,
  type SqlSession,
} from "./sql.ts";

const SETUP_LOCK = "portunus.setup";

const dialect: Dialect = {
  forUpdate: " FOR UPDATE",
  ignoreExisting: (key) => ` ON DUPLICATE KEY UPDATE ${key} = ${key}`,
  async tableOptions(session) {
    const collation = await isMariaDb(session) ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin";
    return ` ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE ${collation}`;
  },
  inlineIndexes: true,
  async exclusively(connection, seconds, work) {
    const { rows: [row] } = await connection.query(
      "SELECT GET_LOCK(?, ?) AS locked",
      SETUP_LOCK,
      seconds,
    );
    if (row?.["locked"] !== 1n) throw new SqlError("timeout", "another server prepares the schema");
    try {
      return await work();
    } finally {
      await connection.query("SELECT RELEASE_LOCK(?)", SETUP_LOCK);
    }
  },
};

async function isMariaDb(session: SqlSession): Promise<boolean> {
  const { rows: [row] } = await session.query("SELECT VERSION() AS version");
  return String(row?.["version"]).includes("MariaDB");
}

export function mysqlDriver(config: MysqlConfig): Driver {
  return { dialect, connect: (options) => MysqlConnection.open(config.url, options) };
}

/**
 * The URL, and what its `ssl-mode` (`REQUIRED`, `VERIFY_CA`, `VERIFY_IDENTITY`) and `ssl-ca` (a PEM
 * file) ask for, which the driver does not read. It cannot do without either where they are given.
 */
function securely(url: string): Pick<mysql.ConnectionOptions, "uri" | "ssl"> {
  const [address = "", query = ""] = url.split("?", 2);
  const parameters = new URLSearchParams(query);
  const mode = parameters.get("ssl-mode")?.toUpperCase().replace("-", "_") ?? "DISABLED";
  const ca = parameters.get("ssl-ca");
  for (const name of ["ssl-mode", "ssl-ca"]) parameters.delete(name);
  const rest = parameters.size === 0 ? address : `${address}?${parameters}`;
  if (mode === "DISABLED") return { uri: rest };
  // The driver compares the certificate with host names only, and lets addresses pass.
  if (mode === "VERIFY_IDENTITY" && isIP(new URL(rest).hostname.replace(/^\[|\]$/g, "")) !== 0) {
    throw new SqlError("unavailable", "ssl-mode=VERIFY_IDENTITY needs a host name in the URL");
  }
  return {
    uri: rest,
    ssl: {
      rejectUnauthorized: mode !== "REQUIRED",
      verifyIdentity: mode === "VERIFY_IDENTITY",
      ...(ca === null ? {} : { ca: Deno.readTextFileSync(ca) }),
    },
  };
}

class MysqlConnection implements SqlConnection {
  readonly #connection: mysql.Connection;
  #usable = true;

  private constructor(connection: mysql.Connection) {
    this.#connection = connection;
    // The type of the promise's wrapper does not know the events of what it wraps.
    (connection as { on(event: "error" | "end", listener: () => void): unknown })
      .on("error", () => this.#usable = false);
  }

  static async open(url: string, options: ConnectOptions): Promise<MysqlConnection> {
    const raw = await naming(kindOf, () =>
      mysql.createConnection({
        ...securely(url),
        connectTimeout: options.connectTimeoutMs,
        supportBigNumbers: true,
        enableKeepAlive: true,
      }));
    const connection = new MysqlConnection(raw);
    try {
      await connection.#limit(options.statementTimeoutMs);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get usable(): boolean {
    return this.#usable;
  }

  query(sql: string, ...values: readonly SqlParameter[]): Promise<SqlResult> {
    return naming(kindOf, async () => {
      try {
        const [result] = await this.#connection.execute(sql, [...values]);
        if (!Array.isArray(result)) return { rows: [], changes: result.affectedRows };
        return { rows: (result as Record<string, unknown>[]).map(columnsOf), changes: 0 };
      } catch (error) {
        if (error instanceof Error && "fatal" in error && error.fatal === true) this.close();
        throw error;
      }
    });
  }

  async begin(): Promise<void> {
    await this.#command("BEGIN");
  }

  async commit(): Promise<void> {
    await this.#command("COMMIT");
  }

  async rollback(): Promise<void> {
    await this.#command("ROLLBACK");
  }

  close(): void {
    this.#usable = false;
    this.#connection.destroy();
  }

  /** Session limits; the unit and the name of the one for queries differ between the two. */
  async #limit(ms: number): Promise<void> {
    const seconds = Math.max(1, Math.ceil(ms / 1_000));
    const query = await isMariaDb(this)
      ? `max_statement_time = ${ms / 1_000}`
      : `max_execution_time = ${ms}`;
    await this.#command(
      `SET SESSION ${query}, innodb_lock_wait_timeout = ${seconds}, lock_wait_timeout = ${seconds}`,
    );
    await this.#command("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
  }

  /** What cannot be prepared. */
  async #command(sql: string): Promise<void> {
    await naming(kindOf, () => this.#connection.query(sql));
  }
}

function columnsOf(row: Readonly<Record<string, unknown>>): Record<string, SqlValue> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === "number" ? BigInt(value) : value as SqlValue,
    ]),
  );
}

/** Error numbers of both servers: https://mariadb.com/kb/en/mariadb-error-code-reference/. */
const KIND_OF_NUMBER: ReadonlyMap<number, SqlErrorKind> = new Map([
  [1062, "conflict"],
  [1213, "contention"],
  [1205, "timeout"], // lock wait
  [1969, "timeout"], // MariaDB's max_statement_time
  [3024, "timeout"], // MySQL's max_execution_time
  [1040, "unavailable"], // too many connections
  [1044, "unavailable"], // access denied
  [1045, "unavailable"],
  [1053, "unavailable"], // shutdown
  [1927, "unavailable"], // killed
]);

function kindOf(error: Error): SqlErrorKind {
  const number = "errno" in error && typeof error.errno === "number" ? error.errno : 0;
  const kind = KIND_OF_NUMBER.get(number);
  if (kind !== undefined) return kind;
  const lost = ("fatal" in error && error.fatal === true) || isNetworkError(error) ||
    ("code" in error && /^PROTOCOL_/.test(String(error.code))) ||
    /closed state/.test(error.message);
  return lost ? "unavailable" : "internal";
}
