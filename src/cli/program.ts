/**
 * The command line of `portunus-server`. What a command does is loaded when it runs.
 *
 * @module
 */

import { Argument, type Command, Option } from "commander";
import { createProgram, type ExitStatus, U64_MAX, unsigned } from "../system/command_line.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { AUDIT, ENROLLMENT, RULES } from "../core/limits.ts";
import type { AuditListFlags } from "./audit_list.ts";
import type { FormatFlags, GlobalFlags, HttpFlags } from "./flags.ts";
import { CommandError } from "./http_client.ts";
import type { ResetPasswordFlags } from "./local_identity.ts";
import { addOperatorCommands } from "./operator_commands.ts";

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
  addLocalIdentityCommands(program, run, io);
  addClientCommands(program, run, io);
  addRuleCommands(program, run, io);
  addOperatorCommands(program, run, io);
  addAuditCommands(program, run, io);
  return program;
}

type Run = (command: Command, action: (flags: never) => Promise<number> | number) => Command;

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

function addClientCommands(program: Command, run: Run, io: ProcessIo): void {
  const enroll = program.command("enroll-client")
    .description("Create a one-time enrollment for a new client (the server must be stopped)")
    .argument("<NAME>", "display name of the client")
    .option(
      "--address <HOST>",
      "where the client is reached, for people: an IP address or host name",
    )
    .addOption(
      new Option("--ttl-secs <N>", "how long the code can be used").argParser(unsigned(U64_MAX))
        .default(BigInt(ENROLLMENT.ttlDefaultSecs), String(ENROLLMENT.ttlDefaultSecs)),
    );
  run(
    enroll,
    async (flags: GlobalFlags & { address?: string; ttlSecs: bigint }) =>
      (await import("./local.ts")).enrollClient({ ...flags, name: argument(enroll, 0) }, io),
  );

  const list = withHttp(
    withFormat(program.command("list-clients").description("List the clients")),
  );
  run(
    list,
    async (flags: HttpFlags & FormatFlags) => (await import("./clients.ts")).listClients(flags, io),
  );

  const revoke = program.command("revoke")
    .description("Revoke every client of this name (the server must be stopped)")
    .argument("<NAME>", "display name of the client");
  run(
    revoke,
    async (flags: GlobalFlags) =>
      (await import("./local.ts")).revokeClient({ ...flags, name: argument(revoke, 0) }, io),
  );
}

function addRuleCommands(program: Command, run: Run, io: ProcessIo): void {
  const push = withHttp(
    program.command("push-rule")
      .description("Forward a port of a connected client to a target; prints the rule id")
      .argument("<CLIENT>", "display name of the client")
      .argument("<LISTEN>", "port or start-end")
      .argument("<TARGET>", "host:port or host:start-end")
      .option("--protocol <P>", "tcp or udp", "tcp")
      .addOption(
        new Option("--ack-timeout <SECS>", "how long to wait for the client to answer")
          .argParser(unsigned(U64_MAX)).default(
            BigInt(RULES.ackTimeoutDefaultSecs),
            String(RULES.ackTimeoutDefaultSecs),
          ),
      )
      .option("--prefer-ipv6", "try IPv6 addresses of the target first"),
  );
  run(
    push,
    async (flags: HttpFlags & { protocol: string; ackTimeout: bigint; preferIpv6?: true }) =>
      (await import("./rules.ts")).pushRule({
        ...flags,
        client: argument(push, 0),
        listen: argument(push, 1),
        target: argument(push, 2),
      }, io),
  );

  const remove = withHttp(
    program.command("remove-rule")
      .description("Remove a rule; connections it carries are drained")
      .addArgument(ruleId()),
  );
  run(
    remove,
    async (flags: HttpFlags) =>
      (await import("./rules.ts")).removeRule({
        ...flags,
        ruleId: remove.processedArgs[0] as bigint,
      }, io),
  );

  const list = withHttp(withFormat(
    program.command("list-rules").description("List the rules")
      .option("--client <NAME>", "only rules of this client"),
  ));
  run(
    list,
    async (flags: HttpFlags & FormatFlags & { client?: string }) =>
      (await import("./rules.ts")).listRules(flags, io),
  );

  const stats = withHttp(withFormat(
    program.command("rule-stats").description("Show the counters of a rule")
      .addArgument(ruleId())
      .option("--per-port", "also per listen port")
      .option("--per-target", "also per target"),
  ));
  run(
    stats,
    async (flags: HttpFlags & FormatFlags & { perPort?: true; perTarget?: true }) =>
      (await import("./rule_stats.ts")).ruleStats({
        ...flags,
        ruleId: stats.processedArgs[0] as bigint,
      }, io),
  );
}

function addAuditCommands(program: Command, run: Run, io: ProcessIo): void {
  const audit = program.command("audit").description("The audit trail");

  const list = withHttp(withFormat(
    audit.command("list").description("List who did what, the latest first")
      .addOption(
        new Option("--limit <N>", "how many entries")
          .argParser(unsigned(AUDIT.pageMax, 1)).default(
            BigInt(AUDIT.pageDefault),
            String(AUDIT.pageDefault),
          ),
      )
      .addOption(
        new Option("--outcome <OUTCOME>", "only entries of this outcome")
          .choices(["allow", "deny"]),
      )
      .option("--since <RFC3339>", "only entries from this time on")
      .option("--until <RFC3339>", "only entries up to this time"),
  ));
  run(
    list,
    async (flags: AuditListFlags) => (await import("./audit_list.ts")).listAudit(flags, io),
  );

  const prune = audit.command("prune")
    .description("Delete old entries of the audit trail; the server may be running")
    .requiredOption("--before <RFC3339>", "delete what is older than this time")
    .option("--dry-run", "only count");
  run(
    prune,
    async (flags: GlobalFlags & { before: string; dryRun?: true }) =>
      (await import("./audit_prune.ts")).pruneAudit(flags, io),
  );
}

const argument = (command: Command, index: number): string =>
  command.processedArgs[index] as string;

const ruleId = () => new Argument("<RULE_ID>", "id of the rule").argParser(unsigned(U64_MAX));

function withGlobals(command: Command): Command {
  return command
    .option("--data-dir <PATH>", "directory of the store, TLS files and server.toml")
    .option(
      "--advertised-endpoint <HOST:PORT>",
      "how clients reach this server, for enrollment URIs",
    );
}

function withHttp(command: Command): Command {
  return command.option("--http-endpoint <HOST:PORT>", "operator API to call", "127.0.0.1:7080");
}

function withFormat(command: Command): Command {
  return command.addOption(
    new Option("--format <FORMAT>", "output format").choices(["text", "json"]).default("text"),
  );
}
