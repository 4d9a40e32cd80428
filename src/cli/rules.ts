/**
 * `remove-rule` and `list-rules`.
 *
 * @module
 */

import { stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { type RuleAnswer, RulesAnswer } from "./answers.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { apiPath } from "./api_path.ts";
import { callApi, fetchAnswer } from "./http_client.ts";
import { formatTable, padScalars } from "./table.ts";

const api = (flags: HttpFlags, io: ProcessIo) => ({ flags, family: "rule", io }) as const;

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
