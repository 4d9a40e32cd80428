/**
 * The executables of one target, of whichever kind can be built here.
 *
 * @module
 */

import { type ArchiveEntry, tarGz } from "./archive.ts";
import { bundle, withLazyImports } from "./bundle.ts";
import { canCompile, compile } from "./native.ts";
import { MEMORY_FLAGS } from "./memory_flags.ts";
import { PERMISSIONS } from "./permissions.ts";
import { DIST, PROGRAMS, UNSTABLE_FLAGS, VERSION } from "./project.ts";
import { runtimeArchive } from "./runtime.ts";
import { type SelfExtractingOptions, writeSelfExtracting } from "./self_extracting.ts";

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
  const outputs: string[] = [];
  for (const program of PROGRAMS) {
    const name = `portunus-${program}`;
    const output = `${directory}/${name}`;
    const files = await bundle(program);
    const flags = [
      ...ISOLATION_FLAGS,
      ...UNSTABLE_FLAGS,
      ...MEMORY_FLAGS[program],
      ...PERMISSIONS[program],
    ];
    if (native) await compile({ target, output, files, flags });
    else await writeSelfExtracting(output, await selfExtracting({ name, target, files, flags }));
    outputs.push(output);
  }
  return outputs;
}

async function selfExtracting(
  { files, ...options }: {
    readonly name: string;
    readonly target: string;
    readonly files: readonly ArchiveEntry[];
    readonly flags: readonly string[];
  },
): Promise<SelfExtractingOptions> {
  const [program, runtime] = [
    await tarGz(withLazyImports(files)),
    await runtimeArchive(options.target),
  ];
  return { ...options, version: VERSION, program, runtime };
}
