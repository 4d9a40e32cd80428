import type { Clock } from "../core/clock.ts";
import type { Database } from "./database.ts";

/**
 * Copies a store that is about to be migrated to `<file>.portunus.v<version>.<unix secs>.bak`,
 * readable by its owner only.
 *
 * @returns the path of the copy; `null` for a new file, which has nothing to keep
 * @throws {StoreError} when SQLite cannot write it; what there is of it is removed
 * @throws what the system says when the file cannot be created
 */
export function backUpBeforeMigration(db: Database, version: number, clock: Clock): string | null {
  if (!db.get("SELECT 1 FROM sqlite_schema LIMIT 1")) return null;
  const copy = `${db.path}.portunus.v${version}.${Math.floor(clock.now() / 1_000)}.bak`;
  using file = Deno.openSync(copy, { write: true, createNew: true, mode: 0o600 });
  try {
    db.run("VACUUM INTO ?", copy); // accepts a file that exists and is empty
    file.syncSync();
  } catch (error) {
    Deno.removeSync(copy);
    throw error;
  }
  return copy;
}
