import type { Command } from "commander";
import type { ProcessIo } from "../system/process_io.ts";
import type { GlobalFlags } from "./flags.ts";
import type { Run } from "./options.ts";

/** Adds `backend status` and `backend migrate-local`. */
export function addBackendCommands(program: Command, run: Run, io: ProcessIo): void {
  const backend = program.command("backend")
    .description("The database of accounts that servers share ([backend] of server.toml)");
  run(
    backend.command("status").description("Show where accounts are kept, and what is there"),
    async (flags: GlobalFlags) => (await import("./backend.ts")).backendStatus(flags, io),
  );
  run(
    backend.command("migrate-local")
      .description(
        "Copy the accounts and API credentials of the local store to the shared database",
      )
      .option("--dry-run", "say what would be copied, and copy nothing"),
    async (flags: GlobalFlags & { dryRun?: true }) =>
      (await import("./backend.ts")).migrateLocalAccounts(flags, io),
  );
}
