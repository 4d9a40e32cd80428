/**
 * The built executables, as tests run them.
 *
 * @module
 */

import { DIST, exists, ROOT } from "../../scripts/build/project.ts";
import type { Programs } from "../kit/programs.ts";
import { findTool, TOOLS } from "./sandbox.ts";

/** Paths of the executables in `dist/`. */
export const SERVER = `${DIST}/portunus-server`;
export const CLIENT = `${DIST}/portunus-client`;

/** Shared by all tests, so that only the first start unpacks; `.gitignore` names its parent. */
const TEMPORARY = `${ROOT}tests/.tmp`;

/**
 * The executables of `dist/`, with neither Deno nor Node.js to be found: PATH has what their
 * launcher needs, and nothing else.
 */
export function binaryPrograms(): Programs {
  for (const path of [SERVER, CLIENT]) {
    if (!exists(path)) throw new Error(`${path} is missing: run deno task compile`);
  }
  return {
    server: [SERVER],
    client: [CLIENT],
    env: { PATH: toolDirectory(), PORTUNUS_RUNTIME_DIR: `${TEMPORARY}/runtime`, NO_COLOR: "1" },
  };
}

function toolDirectory(): string {
  const directory = `${TEMPORARY}/tools`;
  Deno.mkdirSync(directory, { recursive: true });
  for (const name of TOOLS) {
    const target = findTool(name);
    const link = `${directory}/${name}`;
    if (target !== undefined && !exists(link)) Deno.symlinkSync(target, link);
  }
  return directory;
}
