/**
 * The server as the executables carry it: a few JavaScript files in a directory.
 *
 * @module
 */

import { ISOLATION_FLAGS } from "../../scripts/build/binaries.ts";
import { bundleModule, withLazyImports } from "../../scripts/build/bundle.ts";
import { MEMORY_FLAGS } from "../../scripts/build/memory_flags.ts";
import { PERMISSIONS } from "../../scripts/build/permissions.ts";
import { entryPoint, ROOT, UNSTABLE_FLAGS } from "../../scripts/build/project.ts";
import { type Programs, sourcePrograms } from "./programs.ts";

/** Files that only a server with `[backend]` loads: what all databases share, and a driver each. */
export const BACKEND_FILES = ["shared_accounts", "postgres", "mysql", "libsql"] as const;

/** Writes the server's files to `directory`. */
export async function writeBundledServer(directory: string): Promise<Programs> {
  await Deno.mkdir(directory, { recursive: true });
  const files = await bundleModule(entryPoint("server"), `${ROOT}src`);
  for (const { path, data } of withLazyImports(files)) {
    await Deno.writeFile(`${directory}/${path}`, data);
  }
  return {
    ...sourcePrograms(),
    server: [
      Deno.execPath(),
      "run",
      ...ISOLATION_FLAGS,
      ...UNSTABLE_FLAGS,
      ...MEMORY_FLAGS.server,
      ...PERMISSIONS.server,
      `${directory}/main.js`,
    ],
  };
}

/**
 * Takes files away from what {@linkcode writeBundledServer} wrote.
 *
 * @param names without what the bundler adds to them
 * @throws {Error} when there is no such file
 */
export function leaveOut(directory: string, names: readonly string[]): void {
  const files = [...Deno.readDirSync(directory)].map(({ name }) => name);
  for (const name of names) {
    const file = files.find((it) => it.replace(/-[A-Z0-9]{8}\.js$/, "") === name);
    if (file === undefined) throw new Error(`The bundle has no ${name}`);
    Deno.removeSync(`${directory}/${file}`);
  }
}
