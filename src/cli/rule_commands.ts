/**
 * `push-rule`, `remove-rule`, `list-rules`, `rule-stats`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { RULES } from "../core/limits.ts";
import { markRepeatable, U32_MAX, U64_MAX, unsigned } from "../system/command_line.ts";
import type { ProcessIo } from "../system/process_io.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { argument, ruleId, type Run, withCaps, withFormat, withHttp } from "./options.ts";
import type { PushRuleFlags } from "./push_rule.ts";
import type { RuleStatsFlags } from "./rule_stats.ts";

export function addRuleCommands(program: Command, run: Run, io: ProcessIo): void {
  addPushCommand(program, run, io);

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
      .option("--per-target", "also per target")
      .option("--watch", "again with every report of the client, until Ctrl-C"),
  ));
  run(
    stats,
    async (flags: RuleStatsFlags) =>
      (await import("./rule_stats.ts")).ruleStats({
        ...flags,
        ruleId: stats.processedArgs[0] as bigint,
      }, io),
  );
}

/** Options given several times add up. */
const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

function addPushCommand(program: Command, run: Run, io: ProcessIo): void {
  const push = program.command("push-rule")
    .description("Forward a port of a connected client to a target; prints the rule id")
    .argument("<CLIENT>", "display name of the client")
    .argument("<LISTEN>", "port or start-end")
    .argument("[TARGET]", "host:port or host:start-end; or say --target")
    .option("--protocol <P>", "tcp or udp", "tcp")
    .addOption(
      new Option("--ack-timeout <SECS>", "how long to wait for the client to answer")
        .argParser(unsigned(U64_MAX)).default(
          BigInt(RULES.ackTimeoutDefaultSecs),
          String(RULES.ackTimeoutDefaultSecs),
        ),
    )
    .option("--prefer-ipv6", "try IPv6 addresses of the target first")
    .addOption(markRepeatable(
      new Option("--target <HOST:PORT[@PRIO]>", "a target; several take over from each other")
        .argParser(collect),
    ))
    .addOption(
      new Option("--targets-json <JSON>", "targets as [{host, port, priority?, proxy_protocol?}]")
        .conflicts(["target", "proxyProtocol"]),
    )
    .addOption(
      new Option("--proxy-protocol <VERSION>", "tell the targets who connects")
        .choices(["v1", "v2"]),
    )
    .addOption(
      new Option("--health-check-interval-secs <N>", "try unused targets this often, 1 to 3600")
        .argParser(unsigned(U32_MAX)),
    )
    .option("--sni <PATTERN>", "only TLS connections to this host, or *.domain");
  run(
    withHttp(withCaps(push)),
    async (flags: Omit<PushRuleFlags, "client" | "listen" | "target">) =>
      (await import("./push_rule.ts")).pushRule({
        ...flags,
        client: argument(push, 0),
        listen: argument(push, 1),
        positional: push.processedArgs[2] as string | undefined,
      }, io),
  );
}
