/**
 * Caps of owners over the operator API.
 *
 * @module
 */

import { sortKeys, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { OwnerCapAnswer, OwnersAnswer } from "./answers.ts";
import { apiPath } from "./api_path.ts";
import { resolveClient } from "./client_id.ts";
import { CommandError } from "./command_error.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { callApi, fetchAnswer } from "./http_client.ts";
import { type CapFlags, capsBody } from "./options.ts";
import { formatTable } from "./table.ts";

interface OnClient extends HttpFlags {
  /** Display name or id. */
  readonly client: string;
}

interface OfOwner extends OnClient {
  readonly owner: string;
}

const INVALID_EXIT = 3;

const COLUMNS = [
  { title: "OWNER", width: 24 },
  { title: "RULES", width: 8 },
  { title: "CAP STATUS", width: 10 },
];

const apiOf = (flags: HttpFlags, io: ProcessIo) => ({ flags, family: "owner_cap", io }) as const;

/** `owner-cap list` */
export async function listOwners(flags: OnClient & FormatFlags, io: ProcessIo): Promise<number> {
  const api = apiOf(flags, io);
  const path = apiPath`/clients/${await resolveClient(api, flags.client)}/owners`;
  const owners = await fetchAnswer(api, { method: "GET", path }, OwnersAnswer);
  if (flags.format === "json") {
    io.out(stringifyJson(sortKeys({ owners }), 2));
    return 0;
  }
  const rows = owners.map(({ owner_id: owner, rule_count: rules, has_rate_limit: capped }) => [
    owner,
    `${rules}`,
    capped ? "capped" : "uncapped",
  ]);
  io.out(formatTable(COLUMNS, rows));
  return 0;
}

/** `owner-cap get` */
export async function getOwnerCap(flags: OfOwner & FormatFlags, io: ProcessIo): Promise<number> {
  const api = apiOf(flags, io);
  const path = await pathOf(flags, io);
  const cap = await fetchAnswer(api, { method: "GET", path }, OwnerCapAnswer);
  io.out(flags.format === "json" ? stringifyJson(sortKeys(cap), 2) : textOf(cap));
  return 0;
}

function textOf({ client_name, owner_id, updated_at_unix_ms, rate_limit: caps }: OwnerCapAnswer) {
  const values = {
    ingress_bps: caps.bandwidth_in_bps,
    egress_bps: caps.bandwidth_out_bps,
    new_conn_per_sec: caps.new_connections_per_sec,
    concurrent_max: caps.concurrent_connections,
    ingress_burst: caps.bandwidth_in_burst,
    egress_burst: caps.bandwidth_out_burst,
    new_conn_burst: caps.new_connections_burst,
  };
  return [
    `client     ${client_name}`,
    `owner      ${owner_id}`,
    `updated_ms ${updated_at_unix_ms}`,
    ...Object.entries(values).map(([label, value]) => `${label.padEnd(18)} ${value ?? "-"}`),
  ].join("\n");
}

/** `owner-cap set` */
export async function setOwnerCap(flags: OfOwner & CapFlags, io: ProcessIo): Promise<number> {
  const body = capsBody(flags);
  if (body === null) {
    throw new CommandError(
      "error: validation.rate_limit_no_caps_provided (give at least one cap)",
      INVALID_EXIT,
    );
  }
  const path = await pathOf(flags, io);
  const cap = await fetchAnswer(apiOf(flags, io), { method: "PUT", path, body }, OwnerCapAnswer);
  io.out(
    `owner-cap set client=${cap.client_name} owner=${flags.owner} ` +
      `updated_at_unix_ms=${cap.updated_at_unix_ms}`,
  );
  return 0;
}

/** `owner-cap delete` */
export async function deleteOwnerCap(flags: OfOwner, io: ProcessIo): Promise<number> {
  await callApi(apiOf(flags, io), { method: "DELETE", path: await pathOf(flags, io) });
  io.out(`owner-cap deleted client=${flags.client} owner=${flags.owner}`);
  return 0;
}

async function pathOf({ client, owner, ...flags }: OfOwner, io: ProcessIo): Promise<string> {
  const clientId = await resolveClient(apiOf(flags, io), client);
  return apiPath`/clients/${clientId}/owners/${owner}/rate-limit`;
}
