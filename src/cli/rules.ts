/**
 * The rule commands: `push-rule`, `remove-rule`, `list-rules`.
 *
 * @module
 */

import { parseTargetHost } from "../core/address.ts";
import { exitCode, PortunusError } from "../core/errors.ts";
import { type Json, stringifyJson } from "../core/json.ts";
import { RULES } from "../core/limits.ts";
import { parsePortSpec, splitTargetSpec } from "../core/port_spec.ts";
import { rangeLength } from "../core/ports.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { CreatedRuleAnswer, type RuleAnswer, RulesAnswer } from "./answers.ts";
import { apiPath, callApi, CommandError, fetchAnswer } from "./http_client.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { formatTable, padScalars } from "./table.ts";

const api = (flags: HttpFlags, io: ProcessIo) =>
  ({ endpoint: flags.httpEndpoint, family: "rule", io }) as const;

export interface PushRuleFlags extends HttpFlags {
  readonly client: string;
  readonly listen: string;
  readonly target: string;
  readonly protocol: string;
  readonly ackTimeout: bigint;
  readonly preferIpv6?: true;
}

/** `push-rule`: prints the id of the new rule. */
export async function pushRule(flags: PushRuleFlags, io: ProcessIo): Promise<number> {
  const body = checked(() => pushRuleBody(flags));
  const waitSecs = flags.ackTimeout > BigInt(RULES.ackTimeoutMaxSecs)
    ? RULES.ackTimeoutMaxSecs
    : Number(flags.ackTimeout);
  const request = {
    method: "POST",
    path: "/rules",
    body,
    extraTimeoutMs: waitSecs * 1_000,
  } as const;
  const { rule_id } = await fetchAnswer(api(flags, io), request, CreatedRuleAnswer);
  io.out(`${rule_id}`);
  return 0;
}

function pushRuleBody(flags: PushRuleFlags): Json {
  const listen = parsePortSpec(flags.listen);
  const { host, ports } = splitTargetSpec(flags.target);
  parseTargetHost(host);
  const ranged = rangeLength(listen) > 1 || rangeLength(ports) > 1;
  return {
    client: flags.client,
    listen_port: listen.start,
    protocol: flags.protocol,
    ack_timeout_secs: flags.ackTimeout,
    target_host: host,
    target_port: ports.start,
    ...(ranged ? { listen_port_end: listen.end, target_port_end: ports.end } : {}),
    ...(flags.preferIpv6 ? { prefer_ipv6: true } : {}),
  };
}

/** What the command can tell is wrong by itself ends as the server's refusal would. */
function checked<T>(build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    throw new CommandError(`error: ${error.message}`, exitCode(error.code, "rule"));
  }
}

/** `remove-rule` */
export async function removeRule(
  flags: HttpFlags & { readonly ruleId: bigint },
  io: ProcessIo,
): Promise<number> {
  await callApi(api(flags, io), { method: "DELETE", path: apiPath`/rules/${flags.ruleId}` });
  return 0;
}

const COLUMNS = [
  { title: "ID", width: 6 },
  { title: "CLIENT", width: 20 },
  { title: "PORT", width: 6 },
  { title: "TARGET", width: 32 },
  { title: "SNI/PROXY", width: 24 },
  { title: "CAPS", width: 18 },
  { title: "STATE", width: 10 },
];

/** `list-rules` */
export async function listRules(
  flags: HttpFlags & FormatFlags & { readonly client?: string },
  io: ProcessIo,
): Promise<number> {
  const path = flags.client === undefined ? "/rules" : apiPath`/rules?client=${flags.client}`;
  const rules = await fetchAnswer(api(flags, io), { method: "GET", path }, RulesAnswer);
  if (flags.format === "json") io.out(stringifyJson(rules, 2));
  else io.out([formatTable(COLUMNS, []), ...rules.map(ruleLine)].join("\n"));
  return 0;
}

/** Unlike the header, a data row does not pad the client's name: scripts of 3.1.0 split such lines. */
function ruleLine(rule: RuleAnswer): string {
  const cells = [
    `${rule.id}`,
    rule.client_name,
    `${rule.listen_port}`,
    `${rule.target_host}:${rule.target_port}`,
    sniAndProxy(rule),
    caps(rule),
    rule.state.kind === "failed" ? `failed:${rule.state.reason ?? ""}` : rule.state.kind,
  ];
  return cells.map((cell, i) => i === 1 ? cell : padScalars(cell, COLUMNS[i]?.width ?? 0)).join(
    " ",
  );
}

function sniAndProxy({ sni_pattern, targets }: RuleAnswer): string {
  const proxies = targets
    .filter((target) => target.proxy_protocol !== undefined)
    .map(({ host, port, proxy_protocol }) => `${host}:${port}=${proxy_protocol}`);
  const parts = [
    ...(sni_pattern === undefined ? [] : [sni_pattern]),
    ...(proxies.length > 0 ? [proxies.join(",")] : []),
  ];
  return parts.length > 0 ? parts.join(" | ") : "-";
}

function caps({ rate_limit: limit }: RuleAnswer): string {
  const parts = [
    limit?.bandwidth_in_bps === undefined ? [] : [`↓${shortRate(limit.bandwidth_in_bps)}`],
    limit?.bandwidth_out_bps === undefined ? [] : [`↑${shortRate(limit.bandwidth_out_bps)}`],
    limit?.new_connections_per_sec === undefined ? [] : [`${limit.new_connections_per_sec}/s`],
    limit?.concurrent_connections === undefined ? [] : [`≤${limit.concurrent_connections}`],
  ].flat();
  return parts.length > 0 ? parts.join("·") : "-";
}

const KIB = 1_024n;
const MIB = KIB * KIB;

/** Bytes per second in short: whole KiB, tenths of MiB, always rounded down. */
function shortRate(rate: number | bigint): string {
  const bytes = BigInt(rate);
  if (bytes >= MIB) return `${bytes / MIB}.${(bytes % MIB) * 10n / MIB}M`;
  return bytes >= KIB ? `${bytes / KIB}K` : `${bytes}`;
}
