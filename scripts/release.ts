/**
 * `deno task release [--target <system>]…`: archives for every system that can be built for here,
 * with checksums and a bill of materials, in `dist/release`.
 *
 * @module
 */

import { Command } from "commander";
import { buildBinaries } from "./build/binaries.ts";
import { CommandError } from "./build/command.ts";
import { writeLine } from "./build/console.ts";
import {
  commonFiles,
  packRelease,
  RELEASE_DIR,
  writeChecksums,
  writeSbom,
} from "./build/release.ts";
import { SELF_EXTRACTING_TARGETS } from "./build/runtime.ts";
import { bundleUi } from "./build/ui.ts";

const collect = (value: string, values: string[]) => [...values, value];

const { target: targets } = new Command("release")
  .description("Builds release archives into dist/release")
  .option("--target <system>", "only this system, as deno compile names it", collect, [])
  .parse(Deno.args, { from: "user" })
  .opts<{ target: string[] }>();

await Deno.remove(RELEASE_DIR, { recursive: true }).catch(() => undefined);
await bundleUi();
const common = await commonFiles();
const archives: string[] = [];
const missing: string[] = [];
for (const target of targets.length > 0 ? targets : SELF_EXTRACTING_TARGETS) {
  try {
    archives.push(await packRelease(target, await buildBinaries(target, writeLine), common));
    writeLine(archives.at(-1) ?? "");
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof RangeError)) throw error;
    missing.push(target);
    writeLine(`not built for ${target}: ${error.message.trim()}`);
  }
}
if (archives.length > 0) {
  writeLine(await writeChecksums(archives));
  writeLine(await writeSbom());
}
// A release that lacks a system that was asked for by name is none.
Deno.exit(archives.length === 0 || (targets.length > 0 && missing.length > 0) ? 1 : 0);
