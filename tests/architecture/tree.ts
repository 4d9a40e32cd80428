/**
 * The project's files as they are on disk.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Source } from "./source.ts";

/** The project's root, without a slash at the end. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** What builds and runs leave behind, and the repository itself. */
const MADE_FOLDERS = new Set(["dist", "node_modules", "out", ".demo", ".tmp", ".git"]);

/** Every TypeScript file under `folders` (names from the root), sorted by path. */
export async function typescriptUnder(...folders: string[]): Promise<Source[]> {
  const paths = folders.flatMap((folder) => [...walk(folder)]);
  return await readAll(paths.filter((path) => /\.tsx?$/.test(path)));
}

/**
 * Every file that is, or is about to be, under version control. Where there is no repository (a
 * release archive) that is every file but those that builds and runs leave behind.
 */
export async function projectFiles(): Promise<Source[]> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    stderr: "null",
  }).output().catch(() => ({ success: false, stdout: new Uint8Array() }));
  const listed = new TextDecoder().decode(stdout).split("\0").filter((path) => path !== "");
  return await readAll(success ? listed : [...walk("")]);
}

function* walk(folder: string): Generator<string, void, undefined> {
  for (const { name, isDirectory, isFile } of entriesOf(folder)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isDirectory && !MADE_FOLDERS.has(name)) yield* walk(path);
    if (isFile) yield path;
  }
}

function entriesOf(folder: string): Deno.DirEntry[] {
  return [...Deno.readDirSync(join(ROOT, folder))];
}

/** A listed file that is gone from disk is about to be deleted, and left out. */
async function readAll(paths: readonly string[]): Promise<Source[]> {
  const sources = await Promise.all(
    paths.toSorted().map(async (path) => {
      try {
        return [{ path, text: await Deno.readTextFile(join(ROOT, path)) }];
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return [];
        throw error;
      }
    }),
  );
  return sources.flat();
}
