/**
 * Opening the store: lock, file, pragmas, schema, in this order.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { errorText, PortunusError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { Database, StoreError } from "./database.ts";
import { lockStore } from "./lock.ts";
import { migrate, pendingMigrations, schemaVersion } from "./migrate.ts";
import { type Migration, MIGRATIONS } from "./migrations.ts";
import { storePaths } from "./paths.ts";
import { checkSchema } from "./schema_check.ts";

export interface OpenOptions {
  readonly dataDir: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** @default {MIGRATIONS} */
  readonly migrations?: readonly Migration[];
  /** Called whenever a statement gives up because the store is locked. */
  readonly onBusy?: () => void;
}

/** The open store: one connection, and what is held while it lasts, such as the lock. */
export class Store implements Disposable {
  readonly #held: Disposable;

  /** Takes over `held`, which is disposed of with the store. */
  constructor(readonly db: Database, held: Disposable) {
    this.#held = held;
  }

  /** Runs `fn` so that all its queries see the same state of the store. */
  read<T>(fn: () => T): T {
    return this.db.read(fn);
  }

  /** Runs `fn` in one transaction; see {@linkcode Database.write}. */
  write<T>(fn: () => T): T {
    return this.db.write(fn);
  }

  /** Version of the schema on disk. @throws {StoreError} when the store cannot be read */
  schemaVersion(): number {
    return schemaVersion(this.db);
  }

  /** Gives free pages back to the file system, in stores that 3.2.0 or a later version created. */
  reclaim(): void {
    this.db.all("PRAGMA incremental_vacuum");
  }

  /** Folds the log into the file and gives the store free. */
  [Symbol.dispose](): void {
    this.#held[Symbol.dispose]();
  }
}

/**
 * Opens the store of a data directory, creating both as needed. Holds the lock until disposed; a
 * failure releases everything that was taken.
 *
 * @throws {PortunusError} `store_in_use`, `schema_version_too_new`, `store_corrupt`,
 * `migration_failed`, `store_io`
 */
export function openStore(
  { dataDir, logger, clock, migrations = MIGRATIONS, onBusy }: OpenOptions,
): Store {
  const paths = storePaths(dataDir);
  const path = paths.database;
  using held = new DisposableStack();
  try {
    Deno.mkdirSync(dataDir, { recursive: true });
    held.use(lockStore(paths));
    createPrivateFile(path);
    const db = held.use(openDatabase(path, onBusy));
    migrate(db, migrations, { clock, backup: true });
    checkSchema(db, migrations);
    logger.info("store.opened", { path, target_version: migrations.at(-1)?.version });
    logger.info("store.ready", { path, schema_version: schemaVersion(db) });
    return new Store(db, held.move());
  } catch (error) {
    throw openError(path, error);
  }
}

/**
 * Opens the store for work that does not disturb a running server: without the lock, if there is
 * a store and it needs no migration; otherwise like {@linkcode openStore}.
 *
 * @throws {PortunusError} as {@linkcode openStore}
 */
export function openBeside(options: OpenOptions): Store {
  const { database: path } = storePaths(options.dataDir);
  try {
    return openCurrent(path, options) ?? openStore(options);
  } catch (error) {
    throw openError(path, error);
  }
}

/** The store as it is; `null` when there is none yet, or an older one. */
function openCurrent(path: string, { logger, migrations = MIGRATIONS }: OpenOptions): Store | null {
  if (isMissingOrEmpty(path)) return null;
  using held = new DisposableStack();
  const db = held.use(openDatabase(path));
  if (pendingMigrations(db, migrations).length > 0) return null;
  checkSchema(db, migrations);
  logger.info("store.opened", { path, target_version: migrations.at(-1)?.version });
  return new Store(db, held.move());
}

function isMissingOrEmpty(path: string): boolean {
  try {
    return Deno.statSync(path).size === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

/** Only its owner reads it: it holds hashes of secrets. SQLite gives its side files the same mode. */
function createPrivateFile(path: string): void {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/** The smallest page of a database; see https://sqlite.org/fileformat.html#page_size. */
const PAGE_MIN_BYTES = 512;

/** Opens a file that exists. SQLite takes one that is shorter than a page for new and overwrites it. */
function openDatabase(path: string, onBusy?: () => void): Database {
  const { size } = Deno.statSync(path);
  if (size > 0 && size < PAGE_MIN_BYTES) {
    throw new StoreError("corruption", "file is not a database");
  }
  return new Database(path, onBusy);
}

function openError(path: string, error: unknown): unknown {
  if (error instanceof PortunusError || error instanceof TypeError) return error;
  if (!(error instanceof StoreError)) {
    return new PortunusError("store_io", errorText(error), { cause: error });
  }
  return error.kind === "corruption"
    ? new PortunusError("store_corrupt", `${path} (${error.detail})`, { cause: error })
    : new PortunusError("store_io", error.detail, { cause: error });
}
