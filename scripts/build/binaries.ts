/**
 * The executables of one target, of whichever kind can be built here.
 *
 * @module
 */

import { tarGz } from "./archive.ts";
import { bundle } from "./bundle.ts";
import { canCompile, compile } from "./native.ts";
import { PERMISSIONS } from "./permissions.ts";
import { DIST, type ProgramName, PROGRAMS, UNSTABLE_FLAGS, VERSION } from "./project.ts";
import { runtimeArchive } from "./runtime.ts";
import { writeSelfExtracting } from "./self_extracting.ts";

/** Options of `deno run` that make a bundle depend on nothing but itself. */
export const ISOLATION_FLAGS: readonly string[] = [
  "--quiet",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--cached-only",
];

/**
 * Builds both programs for `target` into `dist/`, or below `dist/<target>/` for another system.
 *
 * @returns the paths of the executables
 */
export async function buildBinaries(
  target: string,
  log: (line: string) => void,
): Promise<string[]> {
  const directory = target === Deno.build.target ? DIST : `${DIST}/${target}`;
  const native = await canCompile(target);
  if (!native) log("Deno's runtime archive cannot be had: building self-extracting files instead");
  const build = native ? compile : selfExtracting;
  await Deno.mkdir(directory, { recursive: true });
  const outputs: string[] = [];
  for (const program of PROGRAMS) {
    const output = `${directory}/portunus-${program}`;
    await build(program, { target, output });
    outputs.push(output);
  }
  return outputs;
}

async function selfExtracting(
  program: ProgramName,
  { target, output }: { readonly target: string; readonly output: string },
): Promise<void> {
  await writeSelfExtracting(output, {
    name: `portunus-${program}`,
    version: VERSION,
    target,
    program: await tarGz(await bundle(program)),
    runtime: await runtimeArchive(target),
    flags: [...ISOLATION_FLAGS, ...UNSTABLE_FLAGS, ...PERMISSIONS[program]],
  });
}
