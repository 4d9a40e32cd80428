import { lockStore } from "./lock.ts";
import { storePaths } from "./paths.ts";
import { checkHeader, exists, removeFiles, sideFiles } from "./sqlite_file.ts";

/**
 * Removes the store of a data directory, its lock file last; everything else there stays. Does
 * nothing where there is none.
 *
 * @throws {PortunusError} `not_a_sqlite_file`, `store_in_use`; nothing is removed then
 */
export function resetStore(dataDir: string): void {
  const paths = storePaths(dataDir);
  if (!exists(paths.database)) return;
  checkHeader(paths.database);
  using _lock = lockStore(paths);
  removeFiles([paths.database, ...sideFiles(paths.database), paths.lock]);
}
