/**
 * Putting a copy in the place of a store.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { errorText, PortunusError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../system/random.ts";
import { Database, StoreError } from "./database.ts";
import { lockStore } from "./lock.ts";
import { migrate } from "./migrate.ts";
import { type Migration, MIGRATIONS } from "./migrations.ts";
import { type StorePaths, storePaths } from "./paths.ts";
import { checkSchema } from "./schema_check.ts";
import {
  checkHeader,
  copyPrivate,
  exists,
  isSystemError,
  removeFiles,
  sideFiles,
  syncDirectoryOf,
  syncFile,
} from "./sqlite_file.ts";

/** What a restore does, one after the other. */
export const RESTORE_STEPS = [
  "copy",
  "check",
  "migrate",
  "settle",
  "replace",
  "sync",
  "done",
] as const;
export type RestoreStep = typeof RESTORE_STEPS[number];

export interface RestoreOptions {
  readonly dataDir: string;
  /** The database to take. Nothing of it changes. */
  readonly source: string;
  /** Whether a store that is there may be replaced. */
  readonly force: boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** @default {MIGRATIONS} */
  readonly migrations?: readonly Migration[];
  /** Told before each step, which waits for it. What it throws before `sync` calls it all off. */
  readonly onStep?: (step: RestoreStep) => void | Promise<void>;
}

/**
 * Puts a checked and migrated copy of `source` in the place of the store, in one step: whatever
 * fails, and whenever the process dies, the directory has its old store or the new one.
 *
 * @throws {PortunusError} `source_not_found`, `not_a_sqlite_file`, `destination_not_empty`,
 * `store_in_use`, `schema_version_too_new`, `migration_failed`, `store_io`
 */
export async function restoreStore(options: RestoreOptions): Promise<void> {
  const { source, force } = options;
  const paths = storePaths(options.dataDir);
  if (!exists(source)) throw new PortunusError("source_not_found", source);
  checkHeader(source);
  if (exists(paths.database) && !force) {
    throw new PortunusError("destination_not_empty", paths.database);
  }
  try {
    await Deno.mkdir(options.dataDir, { recursive: true });
    using _lock = lockStore(paths);
    await replaceStore(paths, options);
  } catch (error) {
    throw restoreError(error);
  }
}

/** Whatever SQLite does not like of the copy, it can't be used; what else is known stays. */
function restoreError(error: unknown): unknown {
  if (error instanceof StoreError) {
    return new PortunusError("migration_failed", error.detail, { cause: error });
  }
  return isSystemError(error)
    ? new PortunusError("store_io", errorText(error), { cause: error })
    : error;
}

async function replaceStore({ database }: StorePaths, options: RestoreOptions): Promise<void> {
  const { source, random, onStep = () => undefined } = options;
  const copy = `${database}.${random.bytes(8).toHex()}.restore`;
  using cleanup = new DisposableStack();
  cleanup.defer(() => removeFiles([copy, ...sideFiles(copy)]));
  removeLeftovers(database);
  await onStep("copy");
  copyPrivate(source, copy);
  // What was committed last may be in a log beside the source, if it was not closed.
  if (exists(`${source}-wal`)) copyPrivate(`${source}-wal`, `${copy}-wal`);
  await onStep("check");
  checkIntegrity(copy);
  await onStep("migrate");
  migrateCopy(copy, options);
  await onStep("settle");
  settle(database);
  await onStep("replace");
  await Deno.rename(copy, database);
  await onStep("sync");
  syncDirectoryOf(database);
  await onStep("done");
}

/** Copies of restores whose process was killed. Nobody else makes any: this process has the lock. */
function removeLeftovers(database: string): void {
  const isLeftover = new RegExp(
    String.raw`^${basename(database)}\.[0-9a-f]{16}\.restore(-wal|-shm)?$`,
  );
  const names = [...Deno.readDirSync(dirname(database))].map(({ name }) => name);
  removeFiles(
    names.filter((name) => isLeftover.test(name)).map((name) => join(dirname(database), name)),
  );
}

/** Reads every page. @throws {PortunusError} `migration_failed` */
function checkIntegrity(path: string): void {
  using db = new Database(path);
  const [problem] = db.all("PRAGMA integrity_check").map((row) => String(row.integrity_check));
  if (problem === "ok") return;
  throw new PortunusError("migration_failed", `the copy is damaged: ${problem}`);
}

/** Leaves one file, with everything in it and durable. The source keeps the older schema. */
function migrateCopy(path: string, { clock, migrations = MIGRATIONS }: RestoreOptions): void {
  {
    using db = new Database(path);
    migrate(db, migrations, { clock, backup: false });
    checkSchema(db, migrations);
  }
  removeFiles(sideFiles(path));
  syncFile(path);
}

/**
 * Moves what the old store's log holds into its file and removes the log, which would else be
 * taken for the new store's. A store that can't be read any more has nothing to lose.
 */
function settle(database: string): void {
  if (exists(database)) {
    try {
      using _db = new Database(database);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }
  removeFiles(sideFiles(database));
  syncDirectoryOf(database);
}
