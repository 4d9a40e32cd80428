/**
 * Files that are replaced as a whole: after a crash at any moment a reader finds the old content
 * or the new one, never a part of it.
 *
 * @module
 */

import { dirname } from "node:path";
import { StagedFile, type StagedFileOptions, systemFiles } from "./staged_file.ts";

export interface AtomicWriteOptions extends StagedFileOptions {
  /** Creates missing directories above the file. */
  readonly createParents?: boolean;
}

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
  const { createParents = false, fs = systemFiles } = options;
  if (createParents) await fs.mkdir(dirname(path));
  await using file = await StagedFile.create(path, options);
  await file.write(typeof data === "string" ? utf8.encode(data) : data);
  await file.finish();
  await file.publish(path);
}
