/**
 * Copies of a store, made while it is in use.
 *
 * @module
 */

import { backup, DatabaseSync } from "node:sqlite";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { errorText, PortunusError } from "../core/errors.ts";
import { removeLeftovers } from "../system/leftovers.ts";
import type { Random } from "../system/random.ts";
import {
  checkHeader,
  createPrivate,
  exists,
  isSystemError,
  removeFiles,
  sideFiles,
  syncDirectoryOf,
  syncFile,
} from "./sqlite_file.ts";

export interface BackupOptions {
  /** The database to copy. Nothing of it changes. */
  readonly source: string;
  /** The file to make, or an existing directory to make it in. */
  readonly out: string;
  /** The end of the file's name in a directory, such as `20261121T080000Z`. */
  readonly stamp: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Told how much of the copy is made, from 0 to 1. What it throws ends the copy. */
  readonly onProgress?: (done: number) => void;
}

/** What copies in a directory are called, before their stamp. */
const NAME_PREFIX = "portunus-state-";

/** Pages between two words of progress. */
const STEP_PAGES = 100;

/** How long a statement waits for another process to finish its transaction. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Copies the database as it is at one moment, while others write to it. The copy appears under its
 * name when it is complete and durable, readable by its owner only, and replaces nothing.
 *
 * @returns the path of the copy
 * @throws {PortunusError} `source_not_found`, `not_a_sqlite_file`, `destination_exists`, `store_io`
 * @throws what `onProgress` throws; nothing is left of the copy then
 */
export async function backUpStore(options: BackupOptions): Promise<string> {
  const { source } = options;
  if (!exists(source)) throw new PortunusError("source_not_found", source);
  checkHeader(source);
  const path = isDirectory(options.out)
    ? join(options.out, `${NAME_PREFIX}${options.stamp}.db`)
    : options.out;
  if (exists(path)) throw new PortunusError("destination_exists", path);
  const temporary = join(
    dirname(path),
    `.${basename(path)}.${options.random.bytes(8).toHex()}.tmp`,
  );
  using cleanup = new DisposableStack();
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    // Those of backups that were killed, and are as large as the store.
    await removeLeftovers(dirname(path), {
      clock: options.clock,
      isOurs: (name) => name === basename(path) || name.startsWith(NAME_PREFIX),
    });
    createPrivate(temporary);
    cleanup.defer(() => removeFiles([temporary, `${temporary}-journal`, ...sideFiles(temporary)]));
    await copyDatabase(options, temporary);
    syncFile(temporary);
    await nameCopy(temporary, path);
  } catch (error) {
    throw backupError(error);
  }
  cleanup.dispose();
  syncDirectoryOf(path);
  return path;
}

async function copyDatabase({ source, onProgress }: BackupOptions, to: string): Promise<void> {
  using db = new DatabaseSync(source, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  // A copy starts over whenever somebody else has written; inside a transaction that reads, it is
  // of the moment when that began, however long it takes.
  db.exec("BEGIN");
  db.prepare("SELECT count(*) FROM sqlite_schema").get();
  await backup(db, to, {
    rate: STEP_PAGES,
    progress: ({ totalPages, remainingPages }) => onProgress?.(1 - remainingPages / totalPages),
  });
}

/** Unlike a rename, a link replaces nothing, whoever was quicker. */
async function nameCopy(temporary: string, path: string): Promise<void> {
  try {
    await Deno.link(temporary, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new PortunusError("destination_exists", path, { cause: error });
  }
}

/** What progress threw stays as it is. */
function backupError(error: unknown): unknown {
  return isSystemError(error)
    ? new PortunusError("store_io", errorText(error), { cause: error })
    : error;
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
