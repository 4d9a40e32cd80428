/**
 * What is done to rules, as commands.
 *
 * @module
 */

import { RATE_LIMIT_FIELDS } from "../../src/core/rate_limit.ts";
import { cliCommand, curlCommand } from "../api/commands.ts";
import type { AsCommandProps } from "../components/as_command.tsx";
import type { RuleBody } from "./rule_fields.ts";

const range = (start: number, end: number | null | undefined) =>
  end === undefined || end === null ? `${start}` : `${start}-${end}`;

/** The arguments of `portunus-server` that push the same rule. */
export function pushRuleArgs(body: RuleBody): string[] {
  const limits = body.rate_limit ?? {};
  return [
    "push-rule",
    body.client,
    range(body.listen_port, body.listen_port_end),
    ...targetArgs(body),
    ...(body.protocol === "udp" ? ["--protocol", "udp"] : []),
    ...(body.prefer_ipv6 ? ["--prefer-ipv6"] : []),
    ...(body.sni_pattern ? ["--sni", body.sni_pattern] : []),
    ...(body.health_check_interval_secs
      ? ["--health-check-interval-secs", `${body.health_check_interval_secs}`]
      : []),
    ...RATE_LIMIT_FIELDS.flatMap(({ name }) => {
      const value = limits[name];
      return value ? [`--${name.replaceAll("_", "-")}`, `${value}`] : [];
    }),
  ];
}

function targetArgs({ target_host, target_port, target_port_end, targets }: RuleBody): string[] {
  if (!targets) return [`${target_host}:${range(target_port ?? 0, target_port_end)}`];
  const versions = new Set(targets.map((it) => it.proxy_protocol ?? ""));
  if (versions.size > 1) return ["--targets-json", JSON.stringify(targets)];
  const [version = ""] = versions;
  return [
    ...targets.flatMap(({ host, port, priority }) => [
      "--target",
      `${host}:${port}@${priority ?? 0}`,
    ]),
    ...(version === "" ? [] : ["--proxy-protocol", version]),
  ];
}

/** Pushing a rule. */
export const pushCommands = (body: RuleBody): AsCommandProps => ({
  cli: cliCommand(pushRuleArgs(body)),
  curl: curlCommand("POST /v1/rules", { body }),
});

/** Changing the caps of a rule, which the command line cannot. */
export const capCommands = (ruleId: number, body: RuleBody): AsCommandProps => ({
  curl: curlCommand("PUT /v1/rules/{rule_id}", { path: { rule_id: ruleId }, body }),
});

/** Removing a rule. */
export const removeCommands = (ruleId: number): AsCommandProps => ({
  cli: cliCommand(["remove-rule", `${ruleId}`]),
  curl: curlCommand("DELETE /v1/rules/{rule_id}", { path: { rule_id: ruleId } }),
});
