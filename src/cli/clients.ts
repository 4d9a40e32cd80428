import { parseInstant, toStoreText } from "../core/instant.ts";
import { sortKeys, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { ClientsAnswer } from "./answers.ts";
import { fetchAnswer } from "./http_client.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
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
  const api = { endpoint: flags.httpEndpoint, family: "rule", io } as const;
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
