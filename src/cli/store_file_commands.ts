import type { Command } from "commander";
import type { ProcessIo } from "../system/process_io.ts";
import type { GlobalFlags } from "./flags.ts";
import type { Run } from "./options.ts";

/** Adds `backup`, `restore` and `reset`. */
export function addStoreFileCommands(program: Command, run: Run, io: ProcessIo): void {
  const backup = program.command("backup")
    .description("Copy the store to a file (a server may go on meanwhile)")
    .requiredOption("--out <PATH>", "file to make, or a directory to make one in");
  run(
    backup,
    async (flags: GlobalFlags & { out: string }) =>
      (await import("./store_files.ts")).backUp(flags, io),
  );

  const restore = program.command("restore")
    .description("Put a backup in the place of the store (the server must be stopped)")
    .requiredOption("--in <PATH>", "the backup")
    .option("--force", "replace the store that is there");
  run(
    restore,
    async (flags: GlobalFlags & { in: string; force?: true }) =>
      (await import("./store_files.ts")).restore(flags, io),
  );

  const reset = program.command("reset")
    .description("Remove the store; TLS files and server.toml stay (the server must be stopped)")
    .option("--confirm", "do it, instead of saying what would be done");
  run(
    reset,
    async (flags: GlobalFlags & { confirm?: true }) =>
      (await import("./store_files.ts")).reset(flags, io),
  );
}
