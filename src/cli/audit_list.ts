import { sortKeys, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { AuditAnswer } from "./answers.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { fetchAnswer } from "./http_client.ts";
import { formatTable } from "./table.ts";

export interface AuditListFlags extends HttpFlags, FormatFlags {
  readonly limit: bigint;
  readonly outcome?: "allow" | "deny";
  readonly since?: string;
  readonly until?: string;
}

const COLUMNS = [
  { title: "TIMESTAMP", width: 24 },
  { title: "ACTOR", width: 20 },
  { title: "OUTCOME", width: 7 },
  { title: "METHOD", width: 6 },
  { title: "PATH", width: 32 },
  { title: "REASON", width: 0 },
];

/** `audit list` */
export async function listAudit(flags: AuditListFlags, io: ProcessIo): Promise<number> {
  const { limit, outcome, since, until } = flags;
  const query = new URLSearchParams({
    limit: `${limit}`,
    ...(outcome === undefined ? {} : { outcome }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
  const api = { endpoint: flags.httpEndpoint, family: "user", io } as const;
  const entries = await fetchAnswer(
    api,
    { method: "GET", path: `/audit?${query}` },
    AuditAnswer,
  );
  if (flags.format === "json") {
    io.out(stringifyJson(sortKeys(entries), 2));
    return 0;
  }
  const rows = entries.map(({ timestamp, actor, outcome, method, path, reason }) => [
    timestamp,
    actor === "" ? "-" : actor,
    outcome,
    method === "" ? "-" : method,
    path,
    reason ?? "-",
  ]);
  io.out(formatTable(COLUMNS, rows));
  return 0;
}
