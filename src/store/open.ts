/**
 * Opening the store: lock, file, pragmas, schema, in this order.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { Database, StoreError } from "./database.ts";
import { StoreLock } from "./lock.ts";
import { applyMigrations, pendingMigrations, schemaHead } from "./migrate.ts";
import { type Migration, MIGRATIONS, SCHEMA_VERSION } from "./migrations.ts";

export interface OpenOptions {
  readonly dataDir: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** @default {MIGRATIONS} */
  readonly migrations?: readonly Migration[];
}

/** The open store: one connection, and the lock that makes it the only one of this data directory. */
export class Store implements Disposable {
  readonly #lock: StoreLock;

  constructor(readonly db: Database, lock: StoreLock) {
    this.#lock = lock;
  }

  /** Version of the schema on disk. @throws {StoreError} when the store cannot be read */
  schemaVersion(): number {
    return schemaHead(this.db);
  }

  /** Folds the log into the file and gives the store free. */
  [Symbol.dispose](): void {
    try {
      this.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      this.db[Symbol.dispose]();
      this.#lock[Symbol.dispose]();
    }
  }
}

/**
 * Opens the store of a data directory, creating both as needed. Holds the lock until disposed; a
 * failure releases everything that was taken.
 *
 * @throws {PortunusError} `store_in_use`, `schema_version_too_new`, `store_corrupt`,
 * `migration_failed`, `store_io`
 */
export function openStore({ dataDir, logger, clock, migrations = MIGRATIONS }: OpenOptions): Store {
  const path = `${dataDir}/state.db`;
  using cleanup = new DisposableStack();
  const lock = cleanup.use(takeLock(dataDir, path));
  try {
    createPrivateFile(path);
    const db = cleanup.use(new Database(path));
    const pending = pendingMigrations(db, migrations);
    if (pending.length > 0) {
      backUpBefore(db, clock);
      applyMigrations(db, pending, clock);
    }
    logger.info("store.opened", { path, target_version: SCHEMA_VERSION });
    cleanup.move();
    return new Store(db, lock);
  } catch (error) {
    throw openError(path, error);
  }
}

function takeLock(dataDir: string, path: string): StoreLock {
  try {
    Deno.mkdirSync(dataDir, { recursive: true });
    return StoreLock.take(`${path}.lock`, path);
  } catch (error) {
    throw openError(path, error);
  }
}

/** The store holds password and token hashes: nobody but its owner reads it. SQLite copies the mode to its side files. */
function createPrivateFile(path: string): void {
  try {
    Deno.openSync(path, { createNew: true, write: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/** Keeps a copy of an older store beside it; new stores have nothing to keep. */
function backUpBefore(db: Database, clock: Clock): void {
  const head = schemaHead(db);
  if (head === 0) return;
  const copy = `${db.path}.portunus.v${head}.${Math.floor(clock.now() / 1_000)}.bak`;
  createPrivateFile(copy);
  db.run("VACUUM INTO ?", copy);
}

function openError(path: string, error: unknown): Error {
  if (error instanceof PortunusError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof StoreError && error.kind === "corruption") {
    return new PortunusError("store_corrupt", `${path} (${text})`, { cause: error });
  }
  return new PortunusError("store_io", text, { cause: error });
}
