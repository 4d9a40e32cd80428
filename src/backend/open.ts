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
import { type Driver, SqlError } from "./sql.ts";

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
  const { maxConnections, timeoutMs, startupTimeoutMs } = config;
  const deadline = new AbortController();
  using _timer = clock.timer(
    startupTimeoutMs,
    () => deadline.abort(new SqlError("timeout", `not ready within ${startupTimeoutMs} ms`)),
  );
  try {
    await prepare(driver, startupTimeoutMs, deadline.signal);
  } catch (error) {
    if (error instanceof PortunusError) throw error;
    const detail = `backend=${config.kind} ${redact(errorText(error))}`;
    throw new PortunusError("backend_connect", detail, { cause: error });
  }
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

async function prepare(driver: Driver, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const connecting = driver.connect({ statementTimeoutMs: timeoutMs, connectTimeoutMs: timeoutMs });
  // Nobody waits for it any more once the deadline is over.
  signal.addEventListener("abort", () => void connecting.then((it) => it.close(), () => undefined));
  const connection = await untilAborted(connecting, signal);
  try {
    const seconds = Math.ceil(timeoutMs / 1_000);
    await untilAborted(prepareSchema(connection, driver.dialect, seconds), signal);
  } finally {
    connection.close();
  }
}
