import { sortKeys, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { AuditAnswer, type AuditEntry } from "./answers.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { type ApiOptions, fetchAnswer } from "./http_client.ts";
import { type Column, formatTable } from "./table.ts";

/** What narrows the trail down. */
export interface AuditFilter {
  readonly limit: bigint;
  readonly outcome?: "allow" | "deny";
  readonly since?: string;
  readonly until?: string;
  /** Of an earlier page. */
  readonly cursor?: string;
}

export interface AuditListFlags extends HttpFlags, FormatFlags, AuditFilter {}

export const AUDIT_COLUMNS: readonly Column[] = [
  { title: "TIMESTAMP", width: 24 },
  { title: "ACTOR", width: 20 },
  { title: "OUTCOME", width: 7 },
  { title: "METHOD", width: 6 },
  { title: "PATH", width: 32 },
  { title: "REASON", width: 0 },
];

/** `audit list` */
export async function listAudit(flags: AuditListFlags, io: ProcessIo): Promise<number> {
  const { entries } = await fetchAudit({ flags, family: "user", io }, flags);
  if (flags.format === "json") io.out(stringifyJson(sortKeys(entries), 2));
  else io.out(formatTable(AUDIT_COLUMNS, entries.map(auditCells)));
  return 0;
}

/** One page of the trail, newest first. */
export async function fetchAudit(
  api: ApiOptions,
  { limit, outcome, since, until, cursor }: AuditFilter,
) {
  const query = new URLSearchParams({ limit: `${limit}` });
  for (const [name, value] of Object.entries({ outcome, since, until, cursor })) {
    if (value !== undefined) query.set(name, value);
  }
  return await fetchAnswer(api, { method: "GET", path: `/audit?${query}` }, AuditAnswer);
}

/** An entry as a row of {@linkcode AUDIT_COLUMNS}. */
export const auditCells = ({ timestamp, actor, outcome, method, path, reason }: AuditEntry) => [
  timestamp,
  actor === "" ? "-" : actor,
  outcome,
  method === "" ? "-" : method,
  path,
  reason ?? "-",
];
