/**
 * A program as a few JavaScript files that need nothing but the runtime.
 *
 * @module
 */

import type { ArchiveEntry } from "./archive.ts";
import { run } from "./command.ts";
import { entryPoint, exists, type ProgramName, ROOT, UI_DIR } from "./project.ts";

/** `main.js`, the chunks it loads on demand and, for the server, the built Web UI under `ui/`. */
export async function bundle(program: ProgramName): Promise<ArchiveEntry[]> {
  const entries = await bundleModule(entryPoint(program));
  if (program === "server" && exists(UI_DIR)) entries.push(...await readTree(UI_DIR, "ui/"));
  return entries;
}

/** The JavaScript of the module at `path` and everything it imports; the entry is `main.js`. */
export async function bundleModule(path: string): Promise<ArchiveEntry[]> {
  const out = await Deno.makeTempDir({ prefix: "portunus-bundle-" });
  try {
    await run([
      Deno.execPath(),
      "bundle",
      "--quiet",
      "--platform=deno",
      "--code-splitting",
      `--outdir=${out}`,
      path,
    ], { cwd: ROOT });
    return await readTree(out, "");
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

async function readTree(directory: string, prefix: string): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const from = `${directory}/${name}`;
    const path = `${prefix}${name}`;
    if (isDirectory) entries.push(...await readTree(from, `${path}/`));
    else entries.push({ path, data: await Deno.readFile(from) });
  }
  return entries;
}
