/**
 * The lock that keeps a second process off a data directory.
 *
 * @module
 */

import { PortunusError } from "../core/errors.ts";
import type { StorePaths } from "./paths.ts";

/**
 * Takes an exclusive flock(2) on a file of its own, without waiting: locking the database file
 * would collide with SQLite's locks. Disposing the handle frees it, and so does the end of the
 * process, however it ends; the file stays.
 *
 * @throws {PortunusError} `store_in_use` when another process holds it
 * @throws what the system says when the file cannot be opened
 */
export function lockStore({ database, lock }: StorePaths): Disposable {
  for (;;) {
    using cleanup = new DisposableStack();
    const file = cleanup.use(Deno.openSync(lock, { create: true, write: true, mode: 0o600 }));
    if (!file.tryLockSync(true)) throw new PortunusError("store_in_use", database);
    // Closing is not enough where another thread of this process starts a program: until that has
    // replaced itself, it has a copy of the descriptor, and a lock ends with the last copy.
    cleanup.defer(() => file.unlockSync());
    // A reset removes the file while it holds the lock: then this lock is on a file that nobody
    // else will find, and the one to take is the one that has the name now.
    if (isSameFile(file.statSync(), lock)) return cleanup.move();
  }
}

function isSameFile(open: Deno.FileInfo, path: string): boolean {
  try {
    const named = Deno.statSync(path);
    return named.ino === open.ino && named.dev === open.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
