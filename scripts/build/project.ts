/**
 * Names and places that all build steps share.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** The two programs, by the name of their folder in `src/`. */
export const PROGRAMS = ["server", "client"] as const;
export type ProgramName = typeof PROGRAMS[number];

/** Version of the project. */
export const VERSION: string = config.version;

/** Flags of the unstable features that `deno.json` turns on: a bundle runs without that file. */
export const UNSTABLE_FLAGS: readonly string[] = config.unstable.map((name) =>
  `--unstable-${name}`
);

/** Root of the source tree, with a slash at the end. */
export const ROOT: string = new URL("../../", import.meta.url).pathname;

/** Where the built Web UI is, if it was built. */
export const UI_DIR = `${ROOT}ui/dist`;

/** Build products. */
export const DIST = `${ROOT}dist`;

/** What is slow to make and worth keeping between builds. */
export const CACHE = `${DIST}/.cache`;

/** Where a program starts. */
export function entryPoint(program: ProgramName): string {
  return `${ROOT}src/${program}/main.ts`;
}

/** Whether something exists at `path`. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
