/**
 * Opens the database that `[backend]` selects. Its driver is loaded here and nowhere else.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { errorText, PortunusError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { DatabaseConfig } from "./config.ts";
import { untilAborted } from "./connection_pool.ts";
import { SharedDatabase } from "./database.ts";
import { Health } from "./health.ts";
import { redact } from "./redaction.ts";
import { prepareSchema } from "./schema.ts";
import { type Driver, type SqlConnection, SqlError } from "./sql.ts";

export interface OpenDatabaseOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Connects, makes sure of the schema, and closes that connection again; others are opened as they
 * are needed.
 *
 * @throws {PortunusError} `backend_connect`, `schema_version_too_new`
 */
export async function openSharedDatabase(
  config: DatabaseConfig,
  { clock, logger }: OpenDatabaseOptions,
): Promise<SharedDatabase> {
  const driver = await loadDriver(config);
  const { maxConnections, timeoutMs } = config;
  await onFirstConnection(
    { config, driver, clock },
    (connection, seconds) => prepareSchema(connection, driver.dialect, seconds),
  );
  const health = new Health(config.kind, logger);
  return new SharedDatabase({ driver, maxConnections, timeoutMs, clock, health });
}

/** The driver of a database, which is loaded here. */
export async function loadDriver(config: DatabaseConfig): Promise<Driver> {
  switch (config.kind) {
    case "postgres":
      return (await import("./postgres.ts")).postgresDriver(config);
    case "mysql":
      return (await import("./mysql.ts")).mysqlDriver(config);
    case "libsql":
      return (await import("./libsql.ts")).libsqlDriver(config);
    default:
      return config satisfies never;
  }
}

interface FirstConnection {
  readonly config: DatabaseConfig;
  readonly driver: Driver;
  readonly clock: Clock;
}

/** Runs `work` on a connection with the limits of the start, which is closed then. */
async function onFirstConnection<T>(
  { config, driver, clock }: FirstConnection,
  work: (connection: SqlConnection, seconds: number) => Promise<T>,
): Promise<T> {
  const { kind, startupTimeoutMs: timeoutMs } = config;
  const deadline = new AbortController();
  using _timer = clock.timer(
    timeoutMs,
    () => deadline.abort(new SqlError("timeout", `not ready within ${timeoutMs} ms`)),
  );
  const { signal } = deadline;
  try {
    const limits = { statementTimeoutMs: timeoutMs, connectTimeoutMs: timeoutMs };
    const connecting = driver.connect(limits);
    // Nobody waits for it any more once the deadline is over.
    signal.addEventListener(
      "abort",
      () => void connecting.then((it) => it.close(), () => undefined),
    );
    const connection = await untilAborted(connecting, signal);
    try {
      return await untilAborted(work(connection, Math.ceil(timeoutMs / 1_000)), signal);
    } finally {
      connection.close();
    }
  } catch (error) {
    if (error instanceof PortunusError) throw error;
    const detail = `backend=${kind} ${redact(errorText(error))}`;
    throw new PortunusError("backend_connect", detail, { cause: error });
  }
}

/** What is in a database. */
export interface Summary {
  /** `null` without our tables. */
  readonly schema: number | null;
  readonly users: number;
  readonly superadmins: number;
}

/** Looks into a database without making anything. @throws {PortunusError} `backend_connect` */
export async function readSummary(config: DatabaseConfig, clock: Clock): Promise<Summary> {
  const driver = await loadDriver(config);
  return await onFirstConnection({ config, driver, clock }, async (connection) => {
    const schema = await readSchemaVersion(connection);
    if (schema === null) return { schema, users: 0, superadmins: 0 };
    const { rows: [row] } = await connection.query(
      `SELECT count(*) AS users,
         count(CASE WHEN role = 'superadmin' AND disabled = 0 THEN 1 END) AS superadmins
       FROM portunus_users`,
    );
    return { schema, users: Number(row?.["users"]), superadmins: Number(row?.["superadmins"]) };
  });
}

async function readSchemaVersion(connection: SqlConnection): Promise<number | null> {
  try {
    const { rows: [row] } = await connection.query(
      "SELECT value FROM portunus_counters WHERE name = 'schema'",
    );
    return row === undefined ? null : Number(row["value"]);
  } catch (error) {
    // There is no such table.
    if (error instanceof SqlError && error.kind === "internal") return null;
    throw error;
  }
}
