/**
 * `portunus-server`: parses the command line, nothing else.
 *
 * @module
 */

import { buildProgram } from "../cli/program.ts";
import { type ExitStatus, runProgram } from "../system/command_line.ts";
import { type ProcessIo, processIo } from "../system/process_io.ts";

/** Runs the program with `args`; returns its exit status. */
export async function main(args: readonly string[], io: ProcessIo): Promise<number> {
  const status: ExitStatus = { code: 0 };
  return await runProgram(buildProgram(io, status), args, status);
}

if (import.meta.main) Deno.exit(await main(Deno.args, processIo));
