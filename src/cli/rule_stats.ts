import { parseInstant } from "../core/instant.ts";
import { type Json, sortKeys, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { RuleStatsAnswer } from "./answers.ts";
import { apiPath } from "./api_path.ts";
import { fetchAnswer, followApi } from "./http_client.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { untilStopped } from "./interrupts.ts";
import { type Column, formatTable } from "./table.ts";

export interface RuleStatsFlags extends HttpFlags, FormatFlags {
  readonly ruleId: bigint;
  readonly perPort?: true;
  readonly perTarget?: true;
  readonly watch?: true;
}

/** `rule-stats` */
export async function ruleStats(flags: RuleStatsFlags, io: ProcessIo): Promise<number> {
  if (!flags.watch) {
    const stats = await fetchStats(flags, io);
    io.out(flags.format === "json" ? stringifyJson(sortKeys(jsonOf(stats)), 2) : textOf(stats));
    return 0;
  }
  using stop = untilStopped();
  await watchStats(flags, io, stop.signal);
  return 0;
}

const CLEAR_SCREEN = "\x1b[H\x1b[2J";

/**
 * Prints the counters whenever the client has reported them, until `signal` is aborted: on a
 * terminal in place of the earlier ones, as JSON in one line each.
 *
 * @throws {CommandError} `rule_not_found` once the rule is removed
 */
export async function watchStats(
  flags: RuleStatsFlags,
  io: ProcessIo,
  signal: AbortSignal,
): Promise<void> {
  const api = { flags, family: "rule", io } as const;
  const clear = io.isTerminal() ? CLEAR_SCREEN : "";
  const stream = apiPath`/rules/${flags.ruleId}/stats/stream`;
  for await (const _ of followApi(api, stream, signal)) {
    // The events lack some of what is printed; they say when to look.
    const stats = await fetchStats(flags, io);
    if (signal.aborted) return;
    const text = flags.format === "json" ? stringifyJson(sortKeys(jsonOf(stats))) : textOf(stats);
    io.out(`${clear}${text}`);
  }
  // The stream ends with the rule; this says so.
  if (!signal.aborted) await fetchStats(flags, io);
}

async function fetchStats(flags: RuleStatsFlags, io: ProcessIo): Promise<RuleStatsAnswer> {
  const api = { flags, family: "rule", io } as const;
  const query = [
    ...(flags.perPort ? ["per_port=true"] : []),
    ...(flags.perTarget ? ["per_target=true"] : []),
  ].join("&");
  const path = `${apiPath`/rules/${flags.ruleId}/stats`}${query && `?${query}`}`;
  return await fetchAnswer(api, { method: "GET", path }, RuleStatsAnswer);
}

const healthName = (health: number) => health === 0 ? "Healthy" : "Failed";

function jsonOf({ per_target, ...stats }: RuleStatsAnswer): Json {
  const targets = per_target?.map((target) => ({ ...target, health: healthName(target.health) }));
  return { ...stats, ...(targets ? { per_target: targets } : {}) };
}

function textOf(stats: RuleStatsAnswer): string {
  const counters = stats.protocol === "udp"
    ? [
      `active_flows=${stats.active_flows}`,
      `datagrams_in=${stats.datagrams_in}`,
      `datagrams_out=${stats.datagrams_out}`,
      `flows_dropped_overflow=${stats.flows_dropped_overflow}`,
      `dns_failures=${stats.dns_failures}`,
    ]
    : [
      `active=${stats.active_connections}`,
      `dns_failures=${stats.dns_failures}`,
      `target_failovers_total=${stats.target_failovers_total}`,
    ];
  const line = [
    `rule_id=${stats.rule_id}`,
    `client=${stats.client_name}`,
    `protocol=${stats.protocol}`,
    `bytes_in=${stats.bytes_in}`,
    `bytes_out=${stats.bytes_out}`,
    ...counters,
    `updated_at=${parseInstant(stats.updated_at).toString({ smallestUnit: "second" })}`,
  ].join(" ");
  return [line, ...perTargetText(stats), ...perPortText(stats)].join("\n");
}

const columns = (text: string): Column[] =>
  text.split(" ").map((column) => {
    const [title, width] = column.split(":");
    return { title: title ?? "", width: Number(width) };
  });

const TARGET_COLUMNS = columns(
  "IDX:3 HOST:24 PORT:6 PRIO:4 HEALTH:8 FAILS:5 BYTES_IN:14 BYTES_OUT:14 CONNS:6",
);
const UDP_PORT_COLUMNS = columns(
  "PORT:8 BYTES_IN:14 BYTES_OUT:14 DATAGRAMS_IN:14 DATAGRAMS_OUT:14",
);
const TCP_PORT_COLUMNS = columns("PORT:8 BYTES_IN:14 BYTES_OUT:14 ACTIVE:8");

const cells = (...values: readonly (string | number | bigint)[]) => values.map(String);

function perTargetText({ per_target: targets }: RuleStatsAnswer): string[] {
  if (!targets) return [];
  if (targets.length === 0) return ["(single-target rule, no per-target state)"];
  const rows = targets.map((it) =>
    cells(
      it.index,
      it.host,
      it.port,
      it.priority,
      healthName(it.health),
      it.consecutive_failures,
      it.bytes_in,
      it.bytes_out,
      it.connections_accepted,
    )
  );
  return [formatTable(TARGET_COLUMNS, rows)];
}

function perPortText({ per_port: ports, protocol }: RuleStatsAnswer): string[] {
  if (!ports) return [];
  if (protocol === "udp") {
    const rows = ports.map((it) =>
      cells(it.listen_port, it.bytes_in, it.bytes_out, it.datagrams_in, it.datagrams_out)
    );
    return [formatTable(UDP_PORT_COLUMNS, rows)];
  }
  const rows = ports.map((it) =>
    cells(it.listen_port, it.bytes_in, it.bytes_out, it.active_connections)
  );
  return [formatTable(TCP_PORT_COLUMNS, rows)];
}
