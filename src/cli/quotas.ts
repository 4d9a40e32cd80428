/**
 * Traffic quotas over the operator API.
 *
 * @module
 */

import { z } from "zod";
import { errorText } from "../core/errors.ts";
import { parseInstant } from "../core/instant.ts";
import { type Json, sortKeys, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { QuotaAnswer } from "./answers.ts";
import { apiPath } from "./api_path.ts";
import { resolveClient } from "./client_id.ts";
import { CommandError } from "./command_error.ts";
import type { HttpFlags } from "./flags.ts";
import { type ApiRequest, callApi } from "./http_client.ts";
import { formatTable } from "./table.ts";

export interface QuotaFormatFlags {
  /** @default {"table"} on a terminal, else `json` */
  readonly format?: "text" | "json" | "table";
}

export interface QuotaSetFlags extends HttpFlags {
  readonly monthlyBytes: bigint;
  readonly billingAnchor?: string;
}

export interface QuotaListFlags extends HttpFlags, QuotaFormatFlags {
  readonly userId?: string;
  readonly client?: string;
}

interface QuotaAddress extends HttpFlags {
  readonly userId: string;
  /** Display name or id. */
  readonly client: string;
}

const INVALID_EXIT = 3;

const apiOf = (flags: HttpFlags, io: ProcessIo) => ({ flags, family: "client", io }) as const;

/** `quota-set` */
export async function setQuota(
  flags: QuotaAddress & QuotaSetFlags & QuotaFormatFlags,
  io: ProcessIo,
): Promise<number> {
  const anchor = flags.billingAnchor === undefined
    ? {}
    : { billing_anchor: seconds(flags.billingAnchor) };
  const path = await pathOf(flags, io);
  const body = { monthly_bytes: flags.monthlyBytes, ...anchor };
  return await show(flags, { method: "PUT", path, body }, io);
}

/** `quota-get` */
export async function getQuota(
  flags: QuotaAddress & QuotaFormatFlags,
  io: ProcessIo,
): Promise<number> {
  return await show(flags, { method: "GET", path: `${await pathOf(flags, io)}/status` }, io);
}

/** `quota-list` */
export async function listQuotas(flags: QuotaListFlags, io: ProcessIo): Promise<number> {
  const { userId, client } = flags;
  const path = client === undefined
    ? apiPath`/users/${userId ?? ""}/quotas`
    : apiPath`/clients/${await resolveClient(apiOf(flags, io), client)}/quotas`;
  return await show(flags, { method: "GET", path }, io);
}

/** `quota-clear` */
export async function clearQuota(
  flags: QuotaAddress & QuotaFormatFlags,
  io: ProcessIo,
): Promise<number> {
  const body = { clear_period_usage: true };
  return await show(flags, { method: "PATCH", path: await pathOf(flags, io), body }, io);
}

/** `quota-delete` */
export async function deleteQuota(flags: QuotaAddress, io: ProcessIo): Promise<number> {
  await callApi(apiOf(flags, io), { method: "DELETE", path: await pathOf(flags, io) });
  return 0;
}

async function pathOf({ userId, client, ...flags }: QuotaAddress, io: ProcessIo): Promise<string> {
  const clientId = await resolveClient(apiOf(flags, io), client);
  return apiPath`/users/${userId}/quotas/${clientId}`;
}

function seconds(text: string): bigint {
  try {
    return BigInt(Math.floor(parseInstant(text).epochMilliseconds / 1_000));
  } catch (error) {
    throw new CommandError(
      `error: --billing-anchor must be RFC3339: ${errorText(error)}`,
      INVALID_EXIT,
    );
  }
}

const COLUMNS = [
  { title: "USER", width: 16 },
  { title: "CLIENT", width: 20 },
  { title: "USED", width: 10 },
  { title: "OF", width: 10 },
  { title: "SHARE", width: 6 },
  { title: "RENEWED", width: 20 },
  { title: "STATE", width: 9 },
];

/** Sends the request and prints the quota or quotas that come back. */
async function show(
  flags: HttpFlags & QuotaFormatFlags,
  request: ApiRequest,
  io: ProcessIo,
): Promise<number> {
  const body = await callApi(apiOf(flags, io), request);
  const format = flags.format ?? (io.isTerminal() ? "table" : "json");
  io.out(format === "table" ? tableOf(body) : stringifyJson(sortKeys(body), 2));
  return 0;
}

function tableOf(body: Json): string {
  const result = z.array(QuotaAnswer).safeParse(Array.isArray(body) ? body : [body]);
  if (!result.success) {
    throw new CommandError(`error: parse response: ${result.error.issues[0]?.message}`, 1);
  }
  const rows = result.data.map((quota) => {
    const used = BigInt(quota.current_period_bytes_used);
    const limit = BigInt(quota.monthly_bytes);
    return [
      quota.user_id,
      quota.client_name,
      byteText(used),
      byteText(limit),
      limit === 0n ? "-" : `${used * 100n / limit}%`,
      timeText(quota.current_period_ends_at),
      quota.exhausted ? "exhausted" : "open",
    ];
  });
  return formatTable(COLUMNS, rows);
}

/** Seconds since the epoch as a time, if there is such a time. */
function timeText(epochSeconds: number | bigint): string {
  try {
    return Temporal.Instant.fromEpochMilliseconds(Number(epochSeconds) * 1_000)
      .toString({ smallestUnit: "second" });
  } catch {
    return "never";
  }
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** Bytes in short, rounded down to a tenth. */
function byteText(bytes: bigint): string {
  let tenths = bytes * 10n;
  let unit = 0;
  while (tenths >= 10_240n && unit < UNITS.length - 1) {
    tenths /= 1_024n;
    unit += 1;
  }
  const whole = unit === 0 ? `${bytes}` : `${tenths / 10n}.${tenths % 10n}`;
  return `${whole} ${UNITS[unit]}`;
}
