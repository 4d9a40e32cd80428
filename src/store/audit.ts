/**
 * Who did what, and whether it was allowed (table `audit`).
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { instantFromMillis, toStoreText } from "../core/instant.ts";
import { type Json, JsonDecimal, parseJson, sortKeys, stringifyJson } from "../core/json.ts";
import type { Columns, SqlParameter } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";
import { type Role, ROLES } from "./users.ts";

export const AUDIT_OUTCOMES = ["allow", "deny"] as const;
export type AuditOutcome = typeof AUDIT_OUTCOMES[number];

/** Further facts about an entry, by name. */
export type AuditDetails = Readonly<Record<string, Json>>;

/** One row of the trail. */
export interface AuditEntry {
  readonly timestamp: Temporal.Instant;
  /** Id of the user, or a name with `_` in front. Empty when nobody is known. */
  readonly actor: string;
  readonly role: Role | null;
  readonly outcome: AuditOutcome;
  /** `<METHOD> <path>` of a request, else the name of an event, which has no space in it. */
  readonly action: string;
  /** Why it was denied; `null` when it was allowed. */
  readonly reason: string | null;
  readonly resourceKind: string | null;
  readonly resourceValue: string | null;
  readonly details: AuditDetails;
}

/** Which entries to read, newest first. `null` does not restrict. */
export interface AuditQuery {
  readonly limit: number;
  readonly outcome: AuditOutcome | null;
  /** From this time on. */
  readonly since: Temporal.Instant | null;
  /** Up to and with this time. */
  readonly until: Temporal.Instant | null;
  /** Only rows entered before the one of this number: {@linkcode AuditPage.next} of a page. */
  readonly before: bigint | null;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** Where the next page begins; `null` when there is none. */
  readonly next: bigint | null;
}

const COLUMNS = "seq, ts, user_id, outcome, action, resource_kind, resource_value, details_json";

export class AuditRepository {
  readonly #store: Store;
  readonly #clock: Clock;

  /** An entry whose time cannot be read is shown with that of `clock`, as 3.1.0 does. */
  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Enters all of `entries` in their order, or none. @throws {StoreError} */
  insert(entries: readonly AuditEntry[]): void {
    this.#store.write(() => {
      for (const entry of entries) {
        this.#store.db.run(
          `INSERT INTO audit (ts, user_id, outcome, action, resource_kind, resource_value,
                              correlation_id, details_json)
           VALUES (?, ?, ?, ?, ?, ?, '', ?)`,
          toStoreText(entry.timestamp),
          entry.actor === "" ? null : entry.actor,
          entry.outcome,
          entry.action,
          entry.resourceKind,
          entry.resourceValue,
          toDetailsJson(entry),
        );
      }
    });
  }

  /** One page, the latest time first and, within one time, the latest entered. @throws {StoreError} */
  page({ limit, outcome, since, until, before }: AuditQuery): AuditPage {
    const conditions: [sql: string, ...values: SqlParameter[]][] = [];
    if (outcome !== null) conditions.push(["outcome = ?", outcome]);
    if (since !== null) conditions.push(["ts >= ?", toStoreText(since)]);
    if (until !== null) conditions.push(["ts <= ?", toStoreText(until)]);
    if (before !== null) conditions.push(this.#after(before));
    const where = conditions.length === 0
      ? ""
      : `WHERE ${conditions.map(([sql]) => sql).join(" AND ")}`;
    const rows = this.#store.db.all(
      `SELECT ${COLUMNS} FROM audit ${where} ORDER BY ts DESC, seq DESC LIMIT ?`,
      ...conditions.flatMap(([, ...values]) => values),
      limit + 1,
    );
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    return {
      entries: shown.map((columns) => this.#toEntry(columns)),
      next: last === undefined ? null : new Row("audit", "seq", last).integer("seq"),
    };
  }

  /**
   * What was entered before the row `seq`. What comes later in time than it was shown with the
   * pages before; to say so lets an index lead to the place.
   */
  #after(seq: bigint): [sql: string, ...values: SqlParameter[]] {
    const row = this.#store.db.get("SELECT ts FROM audit WHERE seq = ?", seq);
    if (row === undefined) return ["seq < ?", seq];
    return ["seq < ? AND ts <= ?", seq, new Row("audit", "ts", row).text("ts")];
  }

  /** How many entries are older than `time`. */
  countBefore(time: Temporal.Instant): number {
    const row = this.#store.db.get(
      "SELECT count(*) AS n FROM audit WHERE ts < ?",
      toStoreText(time),
    );
    return new Row("audit", "n", row ?? {}).number("n");
  }

  /** Deletes at most `limit` of the entries older than `time`; returns how many. */
  deleteBefore(time: Temporal.Instant, limit: number): number {
    return this.#store.write(() =>
      this.#store.db.run(
        "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE ts < ? LIMIT ?)",
        toStoreText(time),
        limit,
      )
    );
  }

  /**
   * Deletes at most `limit` of the entries that are not among the `count` which were entered last;
   * returns how many.
   */
  keepNewest(count: number, limit: number): number {
    return this.#store.write(() =>
      this.#store.db.run(
        `DELETE FROM audit WHERE seq IN (
           SELECT seq FROM audit
           WHERE seq <= (SELECT seq FROM audit ORDER BY seq DESC LIMIT 1 OFFSET ?) LIMIT ?)`,
        count,
        limit,
      )
    );
  }

  /** A row that says something odd is shown as far as it goes: it must not hide all the others. */
  #toEntry(columns: Columns): AuditEntry {
    const row = new Row("audit", "seq", columns);
    const { role, reason, ...details } = parseDetails(row.text("details_json"));
    return {
      timestamp: this.#timestampOf(row),
      actor: row.textOrNull("user_id") ?? "",
      role: ROLES.find((it) => it === role) ?? null,
      outcome: row.oneOf("outcome", AUDIT_OUTCOMES),
      action: row.text("action"),
      reason: typeof reason === "string" ? reason : null,
      resourceKind: row.textOrNull("resource_kind"),
      resourceValue: row.textOrNull("resource_value"),
      details,
    };
  }

  #timestampOf(row: Row): Temporal.Instant {
    try {
      return row.instant("ts");
    } catch {
      return instantFromMillis(this.#clock.now());
    }
  }
}

function toDetailsJson({ details, reason, role }: AuditEntry): string {
  return stringifyJson(sortKeys({ ...details, reason, role }));
}

function parseDetails(text: string): AuditDetails {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: Json): value is AuditDetails {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof JsonDecimal);
}
