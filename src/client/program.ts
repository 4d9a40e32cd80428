/**
 * The command line of `portunus-client`. What a command does is loaded when it runs.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { createProgram, type ExitStatus, U64_MAX, unsigned } from "../system/command_line.ts";
import { addCompletionCommand } from "../system/completion/command.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { addStandaloneCommands } from "./standalone_commands.ts";

interface DaemonFlags {
  readonly bundle?: string;
  /** `false` with `--no-state`. */
  readonly state?: string | false;
  readonly reconnectInitialDelayMs: number;
  readonly reconnectMaxDelaySecs: number;
  readonly shutdownDrainTimeoutSecs: number;
  readonly statsReportIntervalSecs: number;
  readonly takeOver?: true;
  readonly takeOverSocket?: string;
}

/** Delays fit a 32-bit timer: about 23 days in seconds. Longer ones are as good as never. */
const SECONDS_MAX = 2_000_000;

/** A parser for any u64 of at least `min`, which takes what is beyond `max` for `max`. */
function delay(max: number, min = 0): (text: string) => number {
  const parse = unsigned(U64_MAX, min);
  return (text) => Math.min(Number(parse(text)), max);
}

/** Builds the program. Actions leave their exit status in `status` and print through `io`. */
export function buildProgram(io: ProcessIo, status: ExitStatus): Command {
  const seconds = delay(SECONDS_MAX);
  const program = createProgram(
    "portunus-client",
    "Forwards ports of this host, as a portunus-server tells it to.\n" +
      "Without a command: connects with the credential bundle and forwards until stopped.",
    io,
  )
    .option(
      "--bundle <PATH>",
      "credential bundle (default: the first one found in the usual places)",
    )
    .option(
      "--state <PATH>",
      "where to keep the last rules, to forward after a restart without the server (default: beside the bundle)",
    )
    .option("--no-state", "keep no rules on disk, and delete those that are")
    .addOption(
      new Option(
        "--reconnect-initial-delay-ms <N>",
        "first reconnect delay, doubled each time, with jitter",
      )
        .argParser(delay(SECONDS_MAX * 1_000)).default(500),
    )
    .addOption(
      new Option("--reconnect-max-delay-secs <N>", "longest reconnect delay").argParser(seconds)
        .default(30),
    )
    .addOption(
      new Option(
        "--shutdown-drain-timeout-secs <N>",
        "how long connections of removed rules may go on",
      )
        .argParser(seconds).default(30),
    )
    .addOption(
      new Option("--stats-report-interval-secs <N>", "how often counters are reported")
        .argParser(delay(SECONDS_MAX, 1)).default(5),
    )
    .option(
      "--take-over",
      "take the ports of the client that runs, which drains and ends: an upgrade that nobody notices",
    )
    .option(
      "--take-over-socket <PATH>",
      "where the two meet (default: in $RUNTIME_DIRECTORY, else beside the kept rules)",
    )
    .action(async (flags: DaemonFlags) => {
      const { runDaemon } = await import("../edge/daemon.ts");
      status.code = await runDaemon({
        bundlePath: flags.bundle,
        statePath: flags.state,
        reconnectInitialMs: flags.reconnectInitialDelayMs,
        reconnectMaxMs: flags.reconnectMaxDelaySecs * 1_000,
        drainMs: flags.shutdownDrainTimeoutSecs * 1_000,
        statsIntervalMs: flags.statsReportIntervalSecs * 1_000,
        takeOver: flags.takeOver === true,
        successionPath: flags.takeOverSocket,
      }, io);
    });

  addEnroll(program, { io, status });
  addStandaloneCommands(program, { io, status });
  addCompletionCommand(program, io);
  return program;
}

function addEnroll(
  program: Command,
  { io, status }: { readonly io: ProcessIo; readonly status: ExitStatus },
): void {
  program.command("enroll")
    .description("Redeem a one-time enrollment URI and write the credential bundle")
    .argument(
      "<URI>",
      "portunus://…, as the server's enroll-client printed it; - reads it from stdin",
    )
    .option("--out <PATH>", "where to write the bundle")
    .action(async (uri: string, { out }: { out?: string }) => {
      const { runEnroll } = await import("../edge/daemon.ts");
      status.code = await runEnroll({ uri, out }, io);
    });
}
