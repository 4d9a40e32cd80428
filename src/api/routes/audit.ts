/**
 * `/v1/audit`: the trail, for superadmins.
 *
 * @module
 */

import { z } from "zod";
import { PortunusError } from "../../core/errors.ts";
import { parseInstant, toStoreText } from "../../core/instant.ts";
import { AUDIT } from "../../core/limits.ts";
import {
  AUDIT_OUTCOMES,
  type AuditOutcome,
  type AuditQuery,
  type AuditRepository,
} from "../../store/audit.ts";
import { encodeBase64Url } from "../../system/base64.ts";
import type { AppContext } from "../http.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import { AuditEntryView, auditView } from "../views/audit.ts";

export interface AuditRoutesOptions {
  readonly audit: Pick<AuditRepository, "page">;
}

/** Checked by the handler, which knows the codes for what is wrong. */
const AuditQueryParameters = z.object({
  limit: z.string().optional().meta({
    description: `1 to ${AUDIT.pageMax}.`,
    default: `${AUDIT.pageDefault}`,
  }),
  outcome: z.string().optional().meta({ description: "`allow` or `deny`." }),
  since: z.string().optional().meta({ description: "RFC 3339, inclusive." }),
  until: z.string().optional().meta({ description: "RFC 3339, inclusive." }),
  cursor: z.string().optional().meta({ description: "The `next_cursor` of a page." }),
});

const TrailView = z.union([
  z.array(AuditEntryView),
  z.object({
    entries: z.array(AuditEntryView),
    next_cursor: z.string().optional().meta({ description: "Absent on the last page." }),
    count: z.int().min(0),
  }),
]);

const EXAMPLE = {
  timestamp: "2026-05-07T10:00:00.123Z",
  actor: "alice",
  role: "user",
  method: "POST",
  path: "/v1/rules",
  outcome: "deny",
  reason: "port_outside_grant",
};

/** With one of these the answer says how to go on; without, it is the bare list of 3.1.0. */
const PAGING = ["since", "until", "cursor"];

export function auditRoutes(route: Route, { audit }: AuditRoutesOptions): void {
  route("/v1/audit", {
    GET: operation({
      summary: "Read the audit trail",
      description: "Newest first. With `since`, `until` or `cursor` in pages, else a bare list.",
      caller: "superadmin",
      query: AuditQueryParameters,
      success: {
        status: 200,
        description: "Entries.",
        view: TrailView,
        example: [EXAMPLE],
      },
      errors: [
        "invalid_limit",
        "invalid_outcome",
        "invalid_timestamp",
        "invalid_cursor",
        "invalid_time_range",
      ],
      storeFailure: "internal",
      handle(c) {
        c.header("Cache-Control", "no-store");
        const { entries, next } = audit.page(queryOf(c));
        const shown = entries.map(auditView);
        if (!PAGING.some((name) => c.req.query(name) !== undefined)) return shown;
        return {
          entries: shown,
          next_cursor: next === null ? undefined : toCursor(next),
          count: shown.length,
        };
      },
    }),
  });
}

/**
 * The query, checked in the order of its members.
 *
 * @throws {PortunusError} `invalid_limit`, `invalid_outcome`, `invalid_timestamp`,
 * `invalid_cursor`, `invalid_time_range`
 */
function queryOf(c: AppContext): AuditQuery {
  const query = {
    limit: limitParam(c),
    outcome: outcomeParam(c),
    since: timeParam(c, "since"),
    until: timeParam(c, "until"),
    before: cursorParam(c),
  };
  const { since, until } = query;
  if (since !== null && until !== null && Temporal.Instant.compare(since, until) > 0) {
    throw new PortunusError("invalid_time_range", "since is after until");
  }
  return query;
}

function limitParam(c: AppContext): number {
  const text = c.req.query("limit") ?? `${AUDIT.pageDefault}`;
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= AUDIT.pageMax) return limit;
  throw new PortunusError("invalid_limit", `limit must be an integer from 1 to ${AUDIT.pageMax}`);
}

function outcomeParam(c: AppContext): AuditOutcome | null {
  const text = c.req.query("outcome");
  if (text === undefined) return null;
  const outcome = AUDIT_OUTCOMES.find((it) => it === text);
  if (outcome !== undefined) return outcome;
  throw new PortunusError("invalid_outcome", `outcome must be ${AUDIT_OUTCOMES.join(" or ")}`);
}

function timeParam(c: AppContext, name: "since" | "until"): Temporal.Instant | null {
  const text = c.req.query(name);
  if (text === undefined) return null;
  try {
    const time = parseInstant(text);
    // In UTC the year may be one more or less, and then have a sign, which compares as no time.
    if (/^\d/.test(toStoreText(time))) return time;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new PortunusError("invalid_timestamp", `${name} must be an RFC 3339 date-time`);
}

/** The number of the last row of a page, in a form that says nothing about itself. */
function toCursor(seq: bigint): string {
  return encodeBase64Url(new TextEncoder().encode(`${seq}`));
}

function cursorParam(c: AppContext): bigint | null {
  const text = c.req.query("cursor");
  if (text === undefined) return null;
  const seq = fromCursor(text);
  if (seq !== null && toCursor(seq) === text) return seq;
  throw new PortunusError("invalid_cursor", "cursor must be the next_cursor of a page");
}

function fromCursor(text: string): bigint | null {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    const digits = new TextDecoder().decode(bytes);
    if (!/^\d{1,19}$/.test(digits)) return null;
    const seq = BigInt(digits);
    return BigInt.asIntN(64, seq) === seq ? seq : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
