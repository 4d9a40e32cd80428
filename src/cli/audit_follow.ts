import { type Clock, sleep } from "../core/clock.ts";
import { parseInstant, toJsonText } from "../core/instant.ts";
import { sortKeys, stringifyJson } from "../core/json.ts";
import { AUDIT } from "../core/limits.ts";
import { systemClock } from "../system/clock.ts";
import type { ProcessIo } from "../system/process_io.ts";
import type { AuditEntry } from "./answers.ts";
import { AUDIT_COLUMNS, auditCells, fetchAudit } from "./audit_list.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { type ApiOptions, TransportError } from "./http_client.ts";
import { untilStopped } from "./interrupts.ts";
import { formatRow, formatTable } from "./table.ts";

export interface AuditFollowFlags extends HttpFlags, FormatFlags {
  readonly outcome?: "allow" | "deny";
  readonly since?: string;
}

const POLL_INTERVAL_MS = 1_000;
/** Entries become visible in the order they are written, which is not quite that of their times. */
const OVERLAP = { seconds: 2 };
const FIRST_ENTRIES = 10n;

/** `audit follow`: ends with SIGINT or SIGTERM, and exit 0. */
export async function followAudit(flags: AuditFollowFlags, io: ProcessIo): Promise<number> {
  using stop = untilStopped();
  await follow(flags, io, { clock: systemClock, signal: stop.signal });
  return 0;
}

/** Prints what comes into the trail until `signal` is aborted. */
export async function follow(
  flags: AuditFollowFlags,
  io: ProcessIo,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const trail = new Trail({ flags, family: "user", io }, flags);
  if (flags.format === "text") io.out(formatTable(AUDIT_COLUMNS, []));
  while (!signal.aborted) {
    for (const entry of await trail.next()) {
      const line = flags.format === "json"
        ? stringifyJson(sortKeys(entry))
        : formatRow(AUDIT_COLUMNS, auditCells(entry));
      io.out(line);
    }
    await sleep(clock, POLL_INTERVAL_MS, signal).catch(() => undefined);
  }
}

/** The trail from some entry on. */
class Trail {
  readonly #api: ApiOptions;
  readonly #outcome: Pick<AuditFollowFlags, "outcome">;
  #since: string | undefined;
  #state: "unknown" | "there" | "away" = "unknown";
  /** How often an entry that looks like this was in the last window. */
  #seen = new Map<string, number>();

  constructor(api: ApiOptions, { outcome, since }: AuditFollowFlags) {
    this.#api = api;
    this.#outcome = outcome === undefined ? {} : { outcome };
    this.#since = since;
  }

  /**
   * What is new, oldest first. Times are the server's: its clock may not be ours. Nothing is new
   * while a server that was there is away, for a restart perhaps.
   */
  async next(): Promise<AuditEntry[]> {
    try {
      const news = await this.#news();
      this.#state = "there";
      return news;
    } catch (error) {
      if (this.#state === "unknown" || !(error instanceof TransportError)) throw error;
      if (this.#state === "there") this.#api.io.err(`${error.message}; trying again`);
      this.#state = "away";
      return [];
    }
  }

  async #news(): Promise<AuditEntry[]> {
    const window = (await this.#window()).toReversed();
    const counts = new Map<string, number>();
    const news = window.filter((entry) => {
      const key = stringifyJson(entry);
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return count > (this.#seen.get(key) ?? 0);
    });
    this.#seen = counts;
    const newest = window.at(-1);
    if (newest) this.#since = toJsonText(parseInstant(newest.timestamp).subtract(OVERLAP));
    return news;
  }

  /** All entries from `since` on, or the latest few, newest first. */
  async #window(): Promise<AuditEntry[]> {
    if (this.#since === undefined) {
      return (await fetchAudit(this.#api, { ...this.#outcome, limit: FIRST_ENTRIES })).entries;
    }
    const filter = { ...this.#outcome, since: this.#since, limit: BigInt(AUDIT.pageMax) };
    const all: AuditEntry[] = [];
    let cursor: string | undefined;
    for (;;) {
      const page = await fetchAudit(
        this.#api,
        cursor === undefined ? filter : { ...filter, cursor },
      );
      all.push(...page.entries);
      cursor = page.next_cursor;
      if (cursor === undefined) return all;
    }
  }
}
