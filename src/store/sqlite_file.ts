/**
 * Database files as files: what makes one, what lies beside it, how it is copied.
 *
 * @module
 */

import { dirname } from "node:path";
import { PortunusError } from "../core/errors.ts";

/** How every database begins; see https://sqlite.org/fileformat.html#the_database_header. */
const HEADER = new TextEncoder().encode("SQLite format 3\0");

/** What SQLite keeps beside the database at `path` while it is open. */
export const sideFiles = (path: string): readonly string[] => [`${path}-wal`, `${path}-shm`];

/** @throws {PortunusError} `not_a_sqlite_file` */
export function checkHeader(path: string): void {
  using file = Deno.openSync(path);
  const start = new Uint8Array(HEADER.length);
  const length = file.readSync(start) ?? 0;
  if (length < HEADER.length || HEADER.some((byte, i) => byte !== start[i])) {
    throw new PortunusError("not_a_sqlite_file", path);
  }
}

/** Whether anything lies at `path`. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** Removes what there is of `paths`. */
export function removeFiles(paths: readonly string[]): void {
  for (const path of paths) if (exists(path)) Deno.removeSync(path);
}

/** An empty file that only its owner can read. @throws {Deno.errors.AlreadyExists} */
export function createPrivate(path: string): void {
  Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
}

/** Copies a file that nobody writes to; only its owner can read the copy. @throws {Deno.errors.AlreadyExists} */
export function copyPrivate(from: string, to: string): void {
  using source = Deno.openSync(from);
  using target = Deno.openSync(to, { write: true, createNew: true, mode: 0o600 });
  const buffer = new Uint8Array(1 << 20);
  for (let length = source.readSync(buffer); length; length = source.readSync(buffer)) {
    for (let start = 0; start < length;) start += target.writeSync(buffer.subarray(start, length));
  }
}

/** Makes the content of the file at `path` durable. */
export function syncFile(path: string): void {
  using file = Deno.openSync(path, { read: true, write: true });
  file.syncSync();
}

/** Makes the names in the directory of `path` durable. */
export function syncDirectoryOf(path: string): void {
  using directory = Deno.openSync(dirname(path));
  directory.syncSync();
}

/** Whether `error` is what the operating system or SQLite says, and no decision of ours. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof PortunusError) &&
    ("code" in error || Object.values(Deno.errors).some((kind) => error instanceof kind));
}
