/**
 * Shared databases for tests: those that the test command started, or else some of our own.
 *
 * @module
 */

import {
  DatabaseLab,
  DATABASES_VARIABLE,
  type DatabaseUrls,
  startAll,
} from "../../scripts/testing/databases.ts";
import type { DatabaseConfig } from "../../src/backend/config.ts";
import { openSharedDatabase } from "../../src/backend/open.ts";
import type { SharedDatabase } from "../../src/backend/database.ts";
import type { SharedOptions } from "../../src/backend/shared.ts";
import { SharedIdentityStore } from "../../src/backend/shared_identity_store.ts";
import { systemClock } from "../../src/system/clock.ts";
import { freeRange } from "./ports.ts";
import { silentLogger } from "./silent_logger.ts";

export const DATABASE_KINDS = ["postgres", "mysql", "libsql"] as const;
export type DatabaseKind = typeof DATABASE_KINDS[number];

/**
 * Runs a test on all of them at the same time, because most of it is waiting for answers.
 *
 * @throws {Error} the first failure, with the kind
 */
export async function onEveryDatabase(run: (kind: DatabaseKind) => Promise<void>): Promise<void> {
  const ends = await Promise.allSettled(DATABASE_KINDS.map(run));
  for (const [i, end] of ends.entries()) {
    if (end.status === "fulfilled") continue;
    throw new Error(`on ${DATABASE_KINDS[i]}: ${end.reason}`, { cause: end.reason });
  }
}

/** The servers to test with. */
export async function databaseUrls(): Promise<DatabaseUrls> {
  const given = Deno.env.get(DATABASES_VARIABLE);
  if (given !== undefined) return JSON.parse(given) as DatabaseUrls;
  const lab = await DatabaseLab.open();
  addEventListener("unload", () => lab.killAll());
  return await startAll(lab, freeRange(3));
}

/** What `[backend]` says of such a server. */
export function databaseConfig(kind: DatabaseKind, url: string): DatabaseConfig {
  const common = { url, maxConnections: 5, timeoutMs: 20_000, startupTimeoutMs: 30_000 };
  if (kind !== "libsql") return { kind, ...common };
  return { kind, ...common, authToken: null, replicaPath: null, syncIntervalMs: 0 };
}

const TABLES = [
  "portunus_web_sessions",
  "portunus_credentials",
  "portunus_login_attempts",
  "portunus_users",
];

/** Opens a database, where nobody has an account then. */
export async function openEmpty(config: DatabaseConfig): Promise<SharedDatabase> {
  const database = await openSharedDatabase(config, { clock: systemClock, logger: silentLogger });
  await database.write(async (sql) => {
    for (const table of TABLES) await sql.query(`DELETE FROM ${table}`);
    await sql.query("UPDATE portunus_counters SET value = 0 WHERE name <> 'schema'");
  }, () => Promise.resolve(true));
  return database;
}

/** An empty store of shared accounts, whose server's own part of writes is part of nothing. */
export async function openEmptyStore(config: DatabaseConfig): Promise<StoreOnDatabase> {
  return storeOn(await openEmpty(config));
}

export interface StoreOnDatabase extends AsyncDisposable {
  readonly store: SharedIdentityStore;
  readonly database: SharedDatabase;
}

/** A store on `database`, which it takes over. */
export function storeOn(
  database: SharedDatabase,
  { maxUsers = null, copy = null }: Partial<Pick<SharedOptions, "maxUsers" | "copy">> = {},
): StoreOnDatabase {
  const store = new SharedIdentityStore({ database, maxUsers, locally: (part) => part(), copy });
  return {
    store,
    database,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      database[Symbol.dispose]();
    },
  };
}
