import type { Clock } from "../core/clock.ts";
import { type Database, StoreError } from "./database.ts";
import { copyPrivate, exists, removeFiles, syncDirectoryOf, syncFile } from "./sqlite_file.ts";

/**
 * Copies a store that is about to be migrated to `<file>.portunus.v<version>.<unix secs>.bak`,
 * readable by its owner only. No other process may write to the store, which the lock ensures.
 *
 * @returns the path of the copy; `null` for a new file, which has nothing to keep
 * @throws {StoreError} when others keep parts of the store from being in its file
 * @throws what the system says when the copy cannot be made; what there is of it is removed
 */
export function backUpBeforeMigration(db: Database, version: number, clock: Clock): string | null {
  if (!db.get("SELECT 1 FROM sqlite_schema LIMIT 1")) return null;
  // SQLite's own ways to copy are closed here: VACUUM INTO attaches a database, which the runtime
  // forbids to programs with restricted permissions, and its backup is asynchronous.
  const checkpoint = db.get("PRAGMA wal_checkpoint(TRUNCATE)");
  if (checkpoint?.busy !== 0n) throw new StoreError("transient", "the store is being read");
  const copy = `${db.path}.portunus.v${version}.${Math.floor(clock.now() / 1_000)}.bak`;
  // Half a copy must not look like one, so it gets its name last. Nobody else makes it: the lock.
  const partial = `${db.path}.portunus.bak.tmp`;
  try {
    removeFiles([partial]);
    copyPrivate(db.path, partial);
    syncFile(partial);
    if (exists(copy)) throw new Deno.errors.AlreadyExists(`${copy} exists`);
    Deno.renameSync(partial, copy);
  } finally {
    removeFiles([partial]);
  }
  syncDirectoryOf(copy);
  return copy;
}
