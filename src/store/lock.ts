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
 * process, however it ends; the file stays. What is in it is for people: who has the lock.
 *
 * @throws {PortunusError} `store_in_use` when another process holds it, which the detail names
 * @throws what the system says when the file cannot be opened
 */
export function lockStore({ database, lock }: StorePaths): Disposable {
  for (;;) {
    using cleanup = new DisposableStack();
    const options = { create: true, read: true, write: true, mode: 0o600 };
    const file = cleanup.use(Deno.openSync(lock, options));
    if (!file.tryLockSync(true)) {
      throw new PortunusError("store_in_use", `${database}${holderOf(file)}`);
    }
    // Closing is not enough where another thread of this process starts a program: until that has
    // replaced itself, it has a copy of the descriptor, and a lock ends with the last copy.
    cleanup.defer(() => file.unlockSync());
    // A reset removes the file while it holds the lock: then this lock is on a file that nobody
    // else will find, and the one to take is the one that has the name now.
    if (!isSameFile(file.statSync(), lock)) continue;
    nameHolder(file);
    return cleanup.move();
  }
}

const utf8 = new TextEncoder();

/** A number and a line feed; there is nothing else that fits. */
const HOLDER_MAX_BYTES = 16;

function nameHolder(file: Deno.FsFile): void {
  file.truncateSync();
  file.writeSync(utf8.encode(`${Deno.pid}\n`));
}

/** Who has the lock, and what to do. 3.1.0 leaves no name. */
function holderOf(file: Deno.FsFile): string {
  const buffer = new Uint8Array(HOLDER_MAX_BYTES);
  const length = file.readSync(buffer) ?? 0;
  const pid = /^\d+(?=\n$)/.exec(new TextDecoder().decode(buffer.subarray(0, length)))?.[0];
  return pid === undefined ? "" : ` (process ${pid} has it: stop that first)`;
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
