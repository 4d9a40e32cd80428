/**
 * Files of the machine that a command runs on.
 *
 * @module
 */

import { join } from "node:path";

export interface LocalFile {
  /** Names from the folder down to it. */
  readonly path: readonly string[];
  /** Where it is. */
  readonly location: string;
  readonly size: number;
  readonly modifiedAtMs: number;
}

/** All files below `folder`, without hidden ones and links. @throws what the system says */
export async function* filesBelow(
  folder: string,
  above: readonly string[] = [],
): AsyncGenerator<LocalFile> {
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    if (name.startsWith(".")) continue;
    const location = join(folder, name);
    const path = [...above, name];
    if (isDirectory) yield* filesBelow(location, path);
    if (!isFile) continue;
    const { size, mtime } = await Deno.stat(location);
    yield { path, location, size, modifiedAtMs: mtime?.getTime() ?? Infinity };
  }
}

/** The content of a file, in pieces. @throws what the system says */
export async function* readFile({ location }: LocalFile): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(location);
  const buffer = new Uint8Array(64 * 1024);
  for (let size = await file.read(buffer); size !== null; size = await file.read(buffer)) {
    yield buffer.slice(0, size);
  }
}
