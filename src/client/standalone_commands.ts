/**
 * The commands of a client that has no server: `standalone` and `stats`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import type { ExitStatus } from "../system/command_line.ts";
import type { ProcessIo } from "../system/process_io.ts";

interface StandaloneFlags {
  readonly config: string;
  readonly check?: true;
  readonly logLevel?: string;
  readonly logFormat?: string;
  /** commander's form of `--no-stats`. */
  readonly stats: boolean;
  readonly statsSocket?: string;
  readonly takeOver?: true;
  readonly takeOverSocket?: string;
}

interface StatsFlags {
  readonly socket?: string;
  readonly once?: true;
  readonly format?: "json" | "table";
}

/** Adds the commands to `program`. */
export function addStandaloneCommands(
  program: Command,
  { io, status }: { readonly io: ProcessIo; readonly status: ExitStatus },
): void {
  const standalone = globalOptions(program.command("standalone"))
    .description(
      "Forward by a TOML file, without a server\n\n" +
        "The file is read again on SIGHUP and when it changes: unchanged rules keep their\n" +
        "connections, and a file with mistakes changes nothing.",
    )
    .option("--check", "check the file, print ok and exit")
    .option("--no-stats", "open no stats socket")
    .option("--stats-socket <PATH>", "where the stats socket is")
    .option(
      "--take-over",
      "take the ports of the client that runs by the file, which drains and ends",
    )
    .option(
      "--take-over-socket <PATH>",
      "where the two meet (default: beside the stats socket)",
    )
    .action(async (flags: StandaloneFlags) => {
      const { runStandalone } = await import("../standalone/daemon.ts");
      status.code = await runStandalone({
        configPath: flags.config,
        check: flags.check === true,
        logLevel: flags.logLevel,
        logFormat: flags.logFormat,
        noStats: !flags.stats,
        socketPath: flags.statsSocket,
        takeOver: flags.takeOver === true,
        successionPath: flags.takeOverSocket,
      }, io);
    });
  // What belongs to the daemon means nothing here; 3.1.0 takes it, so that scripts may say it.
  addStats(globalOptions(standalone.command("stats")), { io, status });
  addStats(program.command("stats"), { io, status });
}

function globalOptions(command: Command): Command {
  return command
    .option("-c, --config <PATH>", "the TOML file", "./portunus.toml")
    .option("--log-level <L>", "log filter, in the file's place (default: warn)")
    .option("--log-format <F>", "pretty, or anything else for JSON; in the file's place");
}

function addStats(
  command: Command,
  { io, status }: { readonly io: ProcessIo; readonly status: ExitStatus },
): void {
  command
    .description("Show what a standalone client on this machine does, live")
    .option("--socket <PATH>", "the daemon's stats socket (default: the usual place)")
    .option("--once", "print one snapshot and exit")
    .addOption(
      new Option("--format <F>", "of --once").choices(["json", "table"]),
    )
    .action(async ({ socket, once, format }: StatsFlags) => {
      if (format !== undefined && once !== true) {
        command.error("error: --format needs --once");
      }
      const { defaultSocketPath } = await import("../standalone/socket_path.ts");
      const path = socket ?? defaultSocketPath(Deno.build.os, io.env);
      if (once === true) {
        const { runStatsOnce } = await import("../standalone/stats_once.ts");
        status.code = await runStatsOnce({ path, format: format ?? "json" }, io);
      } else {
        const { runDashboard } = await import("../standalone/dashboard/run.ts");
        status.code = await runDashboard(path, io);
      }
    });
}
