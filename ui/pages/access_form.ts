/**
 * What is typed into the access form, and what it means.
 *
 * @module
 */

import type { RateLimit } from "../api/types.ts";
import { parseQuantity, quantityText } from "../components/quantity.ts";
import { t } from "../i18n/i18n.ts";
import type { Access, AccessDraft } from "./access.ts";

/** The fields as typed. */
export interface AccessFields {
  readonly clientId: string;
  readonly start: string;
  readonly end: string;
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly unlimited: boolean;
  readonly rateIn: string;
  readonly rateOut: string;
  readonly concurrent: string;
  readonly newPerSec: string;
  readonly quota: string;
  /** A day in UTC, `YYYY-MM-DD`; empty for now, or for the anchor that is. */
  readonly anchor: string;
}

export type AccessProblems = Partial<Record<keyof AccessFields, string>>;

/** The fields of an access that is, or of a new one. */
export function accessFields(access: Access | null): AccessFields {
  const [grant] = access?.grants ?? [];
  const caps = access?.caps ?? {};
  const rate = (bps: number | undefined) => bps === undefined ? "" : quantityText(bps, "rate");
  return {
    clientId: access?.client?.client_id ?? "",
    start: `${grant?.listen_port_start ?? 10000}`,
    end: `${grant?.listen_port_end ?? 19999}`,
    tcp: grant?.protocols.includes("tcp") ?? true,
    udp: grant?.protocols.includes("udp") ?? false,
    unlimited: !access?.caps,
    rateIn: rate(caps.bandwidth_in_bps),
    rateOut: rate(caps.bandwidth_out_bps),
    concurrent: `${caps.concurrent_connections ?? ""}`,
    newPerSec: `${caps.new_connections_per_sec ?? ""}`,
    quota: access?.quota ? quantityText(access.quota.monthly_bytes, "bytes") : "",
    anchor: access?.quota ? dayOf(access.quota.billing_anchor) : "",
  };
}

const dayOf = (unixSeconds: number) => new Date(unixSeconds * 1_000).toISOString().slice(0, 10);

const port = (text: string): number | null => {
  const value = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  return value >= 1 && value <= 65_535 ? value : null;
};

const CAPS = {
  bandwidth_in_bps: "rateIn",
  bandwidth_out_bps: "rateOut",
  concurrent_connections: "concurrent",
  new_connections_per_sec: "newPerSec",
} as const;

const count = (text: string): number | null =>
  /^\d{1,9}$/.test(text.trim()) && Number(text) > 0 ? Number(text) : null;

/** What is wrong with the fields, by field; empty where they can be sent. */
export function accessProblems(fields: AccessFields): AccessProblems {
  const { start, end, tcp, udp, unlimited, quota } = fields;
  const [from, to] = [port(start), port(end)];
  const caps = Object.values(CAPS).filter((it) => fields[it].trim() !== "");
  const wrongCaps = unlimited ? [] : caps.filter((it) => capOf(fields, it) === null);
  return {
    ...(fields.clientId === "" ? { clientId: t("field.required") } : {}),
    ...(from === null ? { start: t("field.port") } : {}),
    ...(to === null ? { end: t("field.port") } : {}),
    ...(from !== null && to !== null && to < from ? { end: t("field.port_order") } : {}),
    ...(tcp || udp ? {} : { tcp: t("access.protocol_needed") }),
    ...(!unlimited && caps.length === 0 ? { rateIn: t("access.cap_needed") } : {}),
    ...Object.fromEntries(wrongCaps.map((it) => [it, t("field.positive")])),
    ...(quota.trim() !== "" && parseQuantity(quota, "bytes") === null
      ? { quota: t("field.positive") }
      : {}),
  };
}

function capOf(fields: AccessFields, field: typeof CAPS[keyof typeof CAPS]): number | null {
  const text = fields[field];
  if (field === "concurrent" || field === "newPerSec") return count(text);
  const bps = parseQuantity(text, "rate");
  return bps === null || bps < 1 ? null : bps;
}

/** The fields as values; those without problems only. Bursts that were set stay with their rates. */
export function accessDraft(fields: AccessFields, access: Access | null): AccessDraft {
  const monthlyBytes = parseQuantity(fields.quota, "bytes");
  const before = access?.quota ?? null;
  const sameDay = before !== null && fields.anchor === dayOf(before.billing_anchor);
  const anchor = fields.anchor === "" || sameDay ? null : Date.parse(fields.anchor) / 1_000;
  return {
    ports: { start: port(fields.start) ?? 0, end: port(fields.end) ?? 0 },
    protocols: (["tcp", "udp"] as const).filter((it) => fields[it]),
    caps: fields.unlimited ? null : draftCaps(fields, access?.caps ?? {}),
    quota: monthlyBytes === null ? null : { monthlyBytes, anchor },
  };
}

function draftCaps(fields: AccessFields, before: RateLimit): RateLimit {
  const caps: { -readonly [K in keyof RateLimit]: RateLimit[K] } = {};
  for (
    const [name, field] of Object.entries(CAPS) as [
      keyof typeof CAPS,
      typeof CAPS[keyof typeof CAPS],
    ][]
  ) {
    const value = capOf(fields, field);
    if (value !== null) caps[name] = value;
  }
  const { bandwidth_in_burst, bandwidth_out_burst, new_connections_burst } = before;
  return {
    ...caps,
    ...(caps.bandwidth_in_bps !== undefined && bandwidth_in_burst !== undefined
      ? { bandwidth_in_burst }
      : {}),
    ...(caps.bandwidth_out_bps !== undefined && bandwidth_out_burst !== undefined
      ? { bandwidth_out_burst }
      : {}),
    ...(caps.new_connections_per_sec !== undefined && new_connections_burst !== undefined
      ? { new_connections_burst }
      : {}),
  };
}
