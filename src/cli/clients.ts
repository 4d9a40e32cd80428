/**
 * Clients over the operator API: `list-clients`, `client-address`, `client-delete`.
 *
 * @module
 */

import { parseInstant, toStoreText } from "../core/instant.ts";
import { sortKeys, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { ClientAnswer, ClientsAnswer } from "./answers.ts";
import { resolveClient } from "./client_id.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { apiPath } from "./api_path.ts";
import { callApi, fetchAnswer } from "./http_client.ts";
import { formatTable } from "./table.ts";

const COLUMNS = [
  { title: "CLIENT_ID", width: 26 },
  { title: "NAME", width: 20 },
  { title: "STATE", width: 12 },
  { title: "REMOTE_ADDR", width: 24 },
  { title: "CONNECTED_AT", width: 20 },
];

/** `list-clients` */
export async function listClients(flags: HttpFlags & FormatFlags, io: ProcessIo): Promise<number> {
  const api = { flags, family: "rule", io } as const;
  const clients = await fetchAnswer(api, { method: "GET", path: "/clients" }, ClientsAnswer);
  if (flags.format === "json") {
    io.out(stringifyJson(sortKeys(clients), 2));
    return 0;
  }
  const rows = clients.map((client) => [
    client.client_id,
    client.client_name,
    client.connected ? "connected" : "disconnected",
    client.remote_addr ?? client.client_address ?? "-",
    client.connected_at === null ? "-" : toStoreText(parseInstant(client.connected_at)),
  ]);
  io.out(formatTable(COLUMNS, rows));
  return 0;
}

export interface ClientChangeFlags extends HttpFlags {
  /** Display name or id. */
  readonly client: string;
}

/** `client-address`: prints the address in canonical form. */
export async function setClientAddress(
  flags: ClientChangeFlags & { readonly address: string },
  io: ProcessIo,
): Promise<number> {
  const api = { flags, family: "client", io } as const;
  const path = apiPath`/clients/${await resolveClient(api, flags.client)}`;
  const request = { method: "PUT", path, body: { address: flags.address } } as const;
  const client = await fetchAnswer(api, request, ClientAnswer);
  io.out(`client_id=${client.client_id}\nclient_address=${client.client_address ?? ""}`);
  return 0;
}

/** `client-delete` */
export async function deleteClient(flags: ClientChangeFlags, io: ProcessIo): Promise<number> {
  const api = { flags, family: "client", io } as const;
  const path = apiPath`/clients/${await resolveClient(api, flags.client)}`;
  await callApi(api, { method: "DELETE", path });
  return 0;
}
