/**
 * The command line of `portunus-server`. What a command does is loaded when it runs.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { createProgram, type ExitStatus } from "../system/command_line.ts";
import { addCompletionCommand } from "../system/completion/command.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { addAuditCommands } from "./audit_commands.ts";
import { addBackendCommands } from "./backend_commands.ts";
import { addClientCommands } from "./client_commands.ts";
import { CommandError } from "./command_error.ts";
import { addConfigCommands } from "./config_commands.ts";
import type { GlobalFlags } from "./flags.ts";
import type { ResetPasswordFlags } from "./local_identity.ts";
import { addInviteCommands } from "./invite_commands.ts";
import { addOperatorCommands } from "./operator_commands.ts";
import { argument, type Run, withGlobals } from "./options.ts";
import { addOwnerCapCommands } from "./owner_cap_commands.ts";
import { addPublishCommands } from "./publish_commands.ts";
import { addQuotaCommands } from "./quota_commands.ts";
import { addRuleCommands } from "./rule_commands.ts";
import { addRulesFileCommands } from "./rules_file_commands.ts";
import { addSiteCommands } from "./site_commands.ts";
import { addStoreFileCommands } from "./store_file_commands.ts";
import { addTunnelCommands } from "./tunnel_commands.ts";

/** Builds the program. Actions leave their exit status in `status` and print through `io`. */
export function buildProgram(io: ProcessIo, status: ExitStatus): Command {
  const program = withGlobals(createProgram(
    "portunus-server",
    "The control plane of Portunus: pushes forwarding rules to its clients, serves the operator API and Web UI.",
    io,
  ));
  /** Runs `action` with the merged options; its errors become the error line and exit status. */
  const run = (command: Command, action: (flags: never) => Promise<number> | number) =>
    withGlobals(command).action(async () => {
      try {
        status.code = await action(command.optsWithGlobals() as never);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        io.err(error.message);
        status.code = error.exit;
      }
    });

  addServerCommands(program, run, io);
  addConfigCommands(program, run, io);
  addLocalIdentityCommands(program, run, io);
  addStoreFileCommands(program, run, io);
  addBackendCommands(program, run, io);
  addClientCommands(program, run, io);
  addRuleCommands(program, run, io);
  addRulesFileCommands(program, run, io);
  addOperatorCommands(program, run, io);
  addInviteCommands(program, run, io);
  addOwnerCapCommands(program, run, io);
  addQuotaCommands(program, run, io);
  addPublishCommands(program, run, io);
  addTunnelCommands(program, run, io);
  addSiteCommands(program, run, io);
  addAuditCommands(program, run, io);
  addCompletionCommand(program, io);
  return program;
}

function addServerCommands(program: Command, run: Run, io: ProcessIo): void {
  const serve = program.command("serve")
    .description("Run the control plane until SIGINT or SIGTERM")
    .option(
      "--operator-http-listen <ADDR>",
      "IP:port of the operator API and Web UI (default 127.0.0.1:7080)",
    );
  run(serve, async (flags: GlobalFlags & { operatorHttpListen?: string }) => {
    const { runServe } = await import("../server/serve.ts");
    return await runServe(flags, io);
  });

  const genToken = program.command("gen-token")
    .description("Print a random 43-character token");
  run(genToken, async () => (await import("./local.ts")).genToken(io));

  const bootstrap = program.command("bootstrap-superadmin")
    .description("Create the first superadmin and print its API token, once")
    .option("--name <DISPLAY>", "display name", "ops");
  run(
    bootstrap,
    async (flags: GlobalFlags & { name: string }) =>
      (await import("./local.ts")).bootstrapSuperadmin(flags, io),
  );
}

function addLocalIdentityCommands(program: Command, run: Run, io: ProcessIo): void {
  const totp = program.command("reset-totp")
    .description("Take a user's second factor away (the server must be stopped)")
    .argument("<USER_ID>", "id of the user");
  run(
    totp,
    async (flags: GlobalFlags) =>
      (await import("./users_export.ts")).resetTotp({ ...flags, userId: argument(totp, 0) }, io),
  );

  const users = program.command("users-export")
    .description("Write the accounts as a file that Authelia reads")
    .requiredOption("--out <FILE>", "the file, which is replaced");
  run(
    users,
    async (flags: GlobalFlags & { out: string }) =>
      (await import("./users_export.ts")).usersExport(flags, io),
  );

  const token = program.command("onboarding-token")
    .description("Make a new setup token for the Web UI (the server must be stopped)");
  run(
    token,
    async (flags: GlobalFlags) => (await import("./local_identity.ts")).onboardingToken(flags, io),
  );

  const reset = program.command("reset-password")
    .description("Give a user another password (the server must be stopped)")
    .argument("<USER_ID>", "id of the user")
    .addOption(
      new Option("--password-stdin", "read the password from the first line of stdin")
        .conflicts("temporary"),
    )
    .option("--temporary", "make one up and print it; it must be changed at the next login")
    .option("--keep-api-tokens", "leave the user's API credentials as they are");
  run(
    reset,
    async (flags: Omit<ResetPasswordFlags, "userId">) =>
      (await import("./local_identity.ts")).resetPassword(
        { ...flags, userId: argument(reset, 0) },
        io,
      ),
  );
}
