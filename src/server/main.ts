/**
 * `portunus-server`: starts the command line, nothing else.
 *
 * @module
 */

import { printVersion } from "../system/version_request.ts";
import { type ProcessIo, processIo } from "../system/process_io.ts";

/** Runs the program with `args`; returns its exit status. */
export async function main(args: readonly string[], io: ProcessIo): Promise<number> {
  if (printVersion("portunus-server", args, io)) return 0;
  const { buildProgram } = await import("../cli/program.ts");
  const { runProgram } = await import("../system/command_line.ts");
  const status = { code: 0 };
  return await runProgram(buildProgram(io, status), args, status);
}

if (import.meta.main) Deno.exit(await main(Deno.args, processIo));
