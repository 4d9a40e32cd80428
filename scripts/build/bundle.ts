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
  const entries = await bundleModule(entryPoint(program), `${ROOT}src`);
  if (program === "server" && exists(UI_DIR)) entries.push(...await readTree(UI_DIR, "ui/"));
  return entries;
}

/** A script as the bundler leaves it in `new Worker(new URL("./hash_worker.ts", import.meta.url))`. */
const WORKER_SCRIPT = /(?<=new URL\()"[^"]*?(\w+)\.ts"(?=, import\.meta\.url\))/g;

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder() };

/**
 * The JavaScript of the module at `path` and everything it loads, all in one directory. Scripts of
 * Workers, which the bundler does not follow, are bundled too, each by itself.
 *
 * @param sources where scripts of Workers are looked for, by name
 * @throws {Error} when a script is not there, or there is more than one of its name
 */
export async function bundleModule(path: string, sources: string): Promise<ArchiveEntry[]> {
  const entries = new Map<string, ArchiveEntry>();
  const scripts = new Set([path]);
  for (const script of scripts) { // grows on the way
    for (const entry of await bundleScript(script)) {
      const code = utf8.decoder.decode(entry.data).replace(WORKER_SCRIPT, (_, name: string) => {
        scripts.add(findScript(`${name}.ts`, sources));
        return `"./${name}.js"`;
      });
      entries.set(entry.path, { path: entry.path, data: utf8.encoder.encode(code) });
    }
  }
  return [...entries.values()];
}

/** A file that is loaded on demand, as the bundler leaves it. */
const LAZY_IMPORT = /(?<=\bimport\()"\.\/[\w.-]+\.js"(?=\))/g;

/**
 * The same program, of which `deno run` reads only what is used. It reads whatever it sees to be
 * imported, on demand or not: 9 MiB more for the server, and some tens of milliseconds.
 */
export function withLazyImports(files: readonly ArchiveEntry[]): ArchiveEntry[] {
  return files.map(({ path, data, ...rest }) => {
    if (!path.endsWith(".js") || path.includes("/")) return { path, data, ...rest };
    const code = utf8.decoder.decode(data).replace(LAZY_IMPORT, (file) => `String(${file})`);
    return { path, data: utf8.encoder.encode(code), ...rest };
  });
}

async function bundleScript(path: string): Promise<ArchiveEntry[]> {
  const out = await Deno.makeTempDir({ prefix: "portunus-bundle-" });
  try {
    // Not minified: starts are no faster for it, and stack traces stay readable. Split, because
    // that halves the start of commands that need little of the program.
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

function findScript(name: string, directory: string): string {
  const found = [...filesNamed(name, directory)];
  const [script] = found;
  if (script !== undefined && found.length === 1) return script;
  throw new Error(`Cannot bundle the Worker script ${name}: ${found.length} files of this name`);
}

function* filesNamed(name: string, directory: string): Generator<string, void, undefined> {
  for (const entry of Deno.readDirSync(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) yield* filesNamed(name, path);
    else if (entry.name === name) yield path;
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
