/**
 * Executables made by `deno compile`, which needs a runtime archive from Deno's own host.
 *
 * @module
 */

import { dirname } from "node:path";
import { run } from "./command.ts";
import { PERMISSIONS } from "./permissions.ts";
import { entryPoint, exists, type ProgramName, ROOT, UI_DIR } from "./project.ts";

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

/** Writes the executable `output`. */
export async function compile(
  program: ProgramName,
  options: { readonly target: string; readonly output: string },
): Promise<void> {
  const assets = program === "server" && exists(UI_DIR) ? [`--include=${UI_DIR}`] : [];
  await run([
    Deno.execPath(),
    "compile",
    "--quiet",
    "--no-prompt",
    ...PERMISSIONS[program],
    ...assets,
    `--target=${options.target}`,
    `--output=${options.output}`,
    entryPoint(program),
  ], { cwd: ROOT });
}
