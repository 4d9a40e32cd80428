/**
 * `deno task compile [--target <system>]…`: builds the executables.
 *
 * @module
 */

import { Command } from "commander";
import { buildBinaries } from "./build/binaries.ts";
import { CommandError } from "./build/command.ts";
import { writeLine } from "./build/console.ts";
import { bundleUi } from "./build/ui.ts";

const collect = (value: string, values: string[]) => [...values, value];

const { target: targets } = new Command("compile")
  .description("Builds dist/portunus-server and dist/portunus-client")
  .option("--target <system>", "build for another system, as deno compile names it", collect, [])
  .parse(Deno.args, { from: "user" })
  .opts<{ target: string[] }>();

try {
  await bundleUi();
  for (const target of targets.length > 0 ? targets : [Deno.build.target]) {
    for (const output of await buildBinaries(target, writeLine)) {
      const { size } = await Deno.stat(output);
      writeLine(`${output} (${(size / 2 ** 20).toFixed(1)} MiB)`);
    }
  }
} catch (error) {
  if (!(error instanceof CommandError || error instanceof RangeError)) throw error;
  writeLine(`error: ${error.message}`);
  Deno.exit(1);
}
