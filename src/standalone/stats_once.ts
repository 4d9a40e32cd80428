/**
 * `stats --once`: how things are, for scripts and for a glance.
 *
 * @module
 */

import type { ProcessIo } from "../system/process_io.ts";
import type { Hello, Snapshot } from "./stats_messages.ts";
import { connectStats, type StatsMessage } from "./stats_reader.ts";
import { formatBytes } from "./units.ts";

/** Prints one snapshot. Returns the exit status. */
export async function runStatsOnce(
  { path, format }: { readonly path: string; readonly format: "json" | "table" },
  io: ProcessIo,
): Promise<number> {
  try {
    using connection = await connectStats(path);
    const { hello, snapshot } = await first(connection.messages());
    io.out(
      format === "table"
        ? statsTable(hello.hello, snapshot.snapshot)
        : JSON.stringify(sortKeys({ hello: hello.json, snapshot: snapshot.json }), null, 2),
    );
    return 0;
  } catch (error) {
    io.err(`error: stats --once: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
}

type Of<K> = Extract<StatsMessage, { kind: K }>;

async function first(
  messages: AsyncIterable<StatsMessage>,
): Promise<{ hello: Of<"hello">; snapshot: Of<"snapshot"> }> {
  let hello: Of<"hello"> | null = null;
  for await (const message of messages) {
    if (message.kind === "hello") hello = message;
    else if (hello !== null) return { hello, snapshot: message };
    else throw new Error("the daemon did not say hello");
  }
  throw new Error("the daemon closed the connection");
}

/** `value` with the keys of every object in alphabetical order. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sortKeys(v)]),
  );
}

const COLUMNS = ["NAME", "PROTO", "LISTEN", "TARGET", "HEALTH", "IN", "OUT", "CONNS", "ERRORS"];

/** One line per rule, columns as wide as they need to be. */
export function statsTable(hello: Hello, snapshot: Snapshot): string {
  const rows = new Map(snapshot.r.map((row) => [row.id, row]));
  const lines = hello.rules.map((rule) => {
    const row = rows.get(rule.id);
    const [first] = rule.targets.toSorted((a, b) => a.priority - b.priority);
    const healthy = row?.health.filter(({ state }) => state === "healthy").length ?? 0;
    return [
      rule.name,
      rule.proto,
      rule.listen,
      first === undefined ? "-" : `${first.host}:${first.port}`,
      row === undefined || row.health.length === 0 ? "-" : `${healthy}/${row.health.length}`,
      formatBytes(Number(row?.in ?? 0)),
      formatBytes(Number(row?.out ?? 0)),
      rule.proto === "udp"
        ? `${row?.flows_active ?? 0}`
        : `${row?.conns_active ?? 0}/${row?.conns_total ?? 0}`,
      `${Object.values(row?.err ?? {}).reduce<number>((sum, n) => sum + Number(n), 0)}`,
    ];
  });
  const table = [COLUMNS, ...lines];
  const widths = COLUMNS.map((_, i) => Math.max(...table.map((line) => line[i]?.length ?? 0)));
  return table.map((line) =>
    line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd()
  )
    .join("\n");
}
