/**
 * The lock that keeps a second process off a data directory.
 *
 * @module
 */

import { PortunusError } from "../core/errors.ts";

/**
 * An exclusive flock(2) on a file of its own: locking the database file would collide with
 * SQLite's locks. It goes with the process, however that ends; the file stays.
 */
export class StoreLock implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** @throws {PortunusError} `store_in_use`, naming `storePath`, when another process holds it */
  static take(lockPath: string, storePath: string): StoreLock {
    const file = Deno.openSync(lockPath, { create: true, write: true, mode: 0o600 });
    if (!file.tryLockSync(true)) {
      file.close();
      throw new PortunusError("store_in_use", storePath);
    }
    return new StoreLock(file);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
