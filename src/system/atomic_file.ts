/**
 * Files that are replaced as a whole: after a crash at any moment a reader finds the old content
 * or the new one, never a part of it.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { type Random, systemRandom } from "./random.ts";

export interface AtomicWriteOptions {
  /** Permission bits of the new file, less the umask. @default {0o666} */
  readonly mode?: number;
  /** Creates missing directories above the file. */
  readonly createParents?: boolean;
  /** What the write is made of; tests pass one that fails. */
  readonly fs?: AtomicFileSystem;
  readonly random?: Random;
}

/** An open file, as far as a write needs it. */
export interface WritableFile extends Disposable {
  write(data: Uint8Array): Promise<number>;
  sync(): Promise<void>;
}

/** The system calls of an atomic write, one each. */
export interface AtomicFileSystem {
  mkdir(path: string): Promise<void>;
  /** Creates a file that must not exist yet. */
  create(path: string, mode: number): Promise<WritableFile>;
  rename(from: string, to: string): Promise<void>;
  /** Makes a rename inside the directory durable. */
  syncDirectory(path: string): Promise<void>;
  remove(path: string): Promise<void>;
}

const systemFiles: AtomicFileSystem = {
  mkdir: (path) => Deno.mkdir(path, { recursive: true }),
  create: (path, mode) => Deno.open(path, { write: true, createNew: true, mode }),
  rename: (from, to) => Deno.rename(from, to),
  async syncDirectory(path) {
    using directory = await Deno.open(path, { read: true });
    await directory.sync();
  },
  remove: (path) => Deno.remove(path),
};

const utf8 = new TextEncoder();

/**
 * Replaces the file at `path` with `data`. A symbolic link at `path` is replaced, not followed.
 *
 * When this throws, the old file is untouched, except where syncing the directory failed: then
 * the new one is there, and may or may not survive a crash.
 *
 * @throws {Error} what the file system says
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const { mode = 0o666, createParents = false, fs = systemFiles, random = systemRandom } = options;
  const directory = dirname(path);
  if (createParents) await fs.mkdir(directory);
  const temporary = join(directory, `.${basename(path)}.${random.bytes(8).toHex()}.tmp`);
  const file = await fs.create(temporary, mode);
  try {
    using _ = file;
    await writeAll(file, typeof data === "string" ? utf8.encode(data) : data);
    await file.sync();
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.remove(temporary).catch(() => {/* The first error is the one to report. */});
    throw error;
  }
  await fs.syncDirectory(directory);
}

async function writeAll(file: WritableFile, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) rest = rest.subarray(await file.write(rest));
}
