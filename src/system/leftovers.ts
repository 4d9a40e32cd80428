/**
 * What processes that were killed while they wrote a file left behind.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { STAGED_NAME } from "./staged_file.ts";

/** A younger one may be of a process that is still writing. */
const AGE_MIN_MS = 3_600_000;

/**
 * Removes staged files of `directory` that are an hour old: all of them, or those whose name
 * `isOurs` accepts, which is the one they were made for. What cannot be read or removed stays; nothing depends on it.
 *
 * @returns how many it removed
 */
export async function removeLeftovers(
  directory: string,
  { clock, isOurs = () => true, directories = false }: {
    readonly clock: Clock;
    readonly isOurs?: (name: string) => boolean;
    /** Whether directories are staged there, too. */
    readonly directories?: boolean;
  },
): Promise<number> {
  let count = 0;
  for (const name of await namesIn(directory)) {
    const [, madeFor] = STAGED_NAME.exec(name) ?? [];
    if (madeFor === undefined || !isOurs(madeFor)) continue;
    if (await removeOld(join(directory, name), { clock, directories })) count += 1;
  }
  return count;
}

/** {@linkcode removeLeftovers} of the files at `paths`, beside each. */
export async function removeLeftoversOf(paths: readonly string[], clock: Clock): Promise<number> {
  const directories = Map.groupBy(paths, (path) => dirname(path));
  let count = 0;
  for (const [directory, files] of directories) {
    const names = new Set(files.map((path) => basename(path)));
    count += await removeLeftovers(directory, { clock, isOurs: (name) => names.has(name) });
  }
  return count;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  } catch {
    return [];
  }
}

async function removeOld(
  path: string,
  { clock, directories }: { readonly clock: Clock; readonly directories: boolean },
): Promise<boolean> {
  try {
    const { isFile, isDirectory, mtime } = await Deno.lstat(path);
    if (!isFile && !(isDirectory && directories)) return false;
    if (mtime === null || clock.now() - mtime.getTime() < AGE_MIN_MS) return false;
    await Deno.remove(path, { recursive: isDirectory });
    return true;
  } catch {
    return false;
  }
}
