/**
 * Executables made by `deno compile`, which needs a runtime archive from Deno's own host.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import type { ArchiveEntry } from "./archive.ts";
import { run } from "./command.ts";
import { exists } from "./project.ts";

/** How long the host of the runtime archives may take to answer, in milliseconds. */
const PROBE_TIMEOUT_MS = 4_000;

/** Whether `deno compile` for `target` can get at its runtime archive, here or by downloading it. */
export async function canCompile(target: string): Promise<boolean> {
  const override = Deno.env.get("DENORT_BIN");
  if (override !== undefined && override !== "") return true;
  if (exists(`${dirname(Deno.execPath())}/denort`)) return true;

  const archive = `release/v${Deno.version.deno}/denort-${target}.zip`;
  const { denoDir } = JSON.parse(await run([Deno.execPath(), "info", "--json"]));
  if (exists(`${denoDir}/dl/${archive}`)) return true;
  try {
    const { ok } = await fetch(`https://dl.deno.land/${archive}`, {
      method: "HEAD",
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    return ok;
  } catch {
    return false;
  }
}

/** What goes into a binary of `deno compile`. */
export interface CompileOptions {
  readonly target: string;
  /** Path of the executable. */
  readonly output: string;
  /** `main.js` and what it loads. */
  readonly files: readonly ArchiveEntry[];
  /** Options of `deno run` that are baked in. */
  readonly flags: readonly string[];
  /** A runtime to use instead of the one for `target`, as `DENORT_BIN` names it. */
  readonly denort?: string;
}

/**
 * Writes the executable `output`. It is made from the bundle, as the self-extracting kind is: both
 * run the same code, and `deno compile` overflows its stack on our sources with their packages.
 */
export async function compile(options: CompileOptions): Promise<void> {
  await Deno.mkdir(dirname(options.output), { recursive: true });
  const directory = await Deno.makeTempDir({ prefix: "portunus-compile-" });
  try {
    for (const { path, data } of options.files) {
      await Deno.mkdir(dirname(`${directory}/${path}`), { recursive: true });
      await Deno.writeFile(`${directory}/${path}`, data);
    }
    await run([
      Deno.execPath(),
      "compile",
      ...options.flags,
      "--no-check",
      "--include=.",
      `--target=${options.target}`,
      `--output=${resolve(options.output)}`,
      "main.js",
    ], {
      cwd: directory,
      ...(options.denort === undefined ? {} : { env: { DENORT_BIN: options.denort } }),
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
