/**
 * Tunnels over the operator API.
 *
 * @module
 */

import { z } from "zod";
import { parseUlid } from "../core/ids.ts";
import { type Json, sortKeys, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { apiPath } from "./api_path.ts";
import { resolveClient } from "./client_id.ts";
import { CommandError } from "./command_error.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { callApi, fetchAnswer } from "./http_client.ts";
import { formatTable } from "./table.ts";

export interface TunnelAddFlags extends HttpFlags, FormatFlags {
  /** Display name or id. */
  readonly client: string;
  readonly target: string;
  readonly subdomain?: string;
  readonly fqdn?: string;
  readonly kind: "passthrough" | "terminate";
  readonly listenPort?: bigint;
  readonly proxyProtocol?: "v1" | "v2";
  readonly access?: "public" | "authenticated" | "restricted";
  readonly allow?: readonly string[];
  readonly description?: string;
}

const TunnelAnswer = z.looseObject({
  id: z.string(),
  fqdn: z.string(),
  kind: z.string(),
  client_id: z.string(),
  client_name: z.string().nullable(),
  target: z.string(),
  access: z.string().nullable(),
  state: z.object({ kind: z.string(), reason: z.string().optional() }),
  points_to: z.string().nullable(),
});
type TunnelAnswer = z.infer<typeof TunnelAnswer>;

const TunnelsAnswer = z.array(TunnelAnswer);

const NOT_FOUND_EXIT = 8;

/** A certificate may take its time. */
const CERTIFICATE_MS = 120_000;

const COLUMNS = [
  { title: "ID", width: 26 },
  { title: "HOST", width: 32 },
  { title: "KIND", width: 11 },
  { title: "CLIENT", width: 20 },
  { title: "TARGET", width: 24 },
  { title: "ACCESS", width: 13 },
  { title: "STATE", width: 12 },
];

const apiOf = (flags: HttpFlags, io: ProcessIo) => ({ flags, family: "publish", io }) as const;

/** `tunnel-add` */
export async function addTunnel(flags: TunnelAddFlags, io: ProcessIo): Promise<number> {
  const api = apiOf(flags, io);
  const body: Json = {
    ...(flags.subdomain === undefined ? {} : { subdomain: flags.subdomain }),
    ...(flags.fqdn === undefined ? {} : { fqdn: flags.fqdn }),
    kind: flags.kind,
    client_id: await resolveClient(api, flags.client),
    target: flags.target,
    ...(flags.listenPort === undefined ? {} : { listen_port: flags.listenPort }),
    ...(flags.proxyProtocol === undefined ? {} : { proxy_protocol: flags.proxyProtocol }),
    ...(flags.access === undefined ? {} : { access: flags.access }),
    ...(flags.allow === undefined ? {} : { allowed_users: [...flags.allow] }),
    ...(flags.description === undefined ? {} : { description: flags.description }),
  };
  const extraTimeoutMs = flags.kind === "terminate" ? CERTIFICATE_MS : 0;
  const request = { method: "POST", path: "/tunnels", body, extraTimeoutMs } as const;
  const tunnel = await fetchAnswer(api, request, TunnelAnswer);
  if (flags.format === "json") {
    io.out(stringifyJson(sortKeys(tunnel as Json), 2));
    return 0;
  }
  io.out(tunnel.id);
  io.err(`https://${tunnel.fqdn}/ needs a DNS record to ${tunnel.points_to ?? pointsTo(tunnel)}`);
  return 0;
}

const pointsTo = ({ kind }: TunnelAnswer): string =>
  kind === "passthrough" ? "the client" : "this server";

/** `tunnel-list` */
export async function listTunnels(flags: HttpFlags & FormatFlags, io: ProcessIo): Promise<number> {
  const tunnels = await listed(flags, io);
  if (flags.format === "json") {
    io.out(stringifyJson(sortKeys(tunnels as Json), 2));
    return 0;
  }
  const rows = tunnels.map(({ id, fqdn, kind, target, access, state, ...it }) => [
    id,
    fqdn,
    kind,
    it.client_name ?? it.client_id,
    target,
    access ?? "-",
    state.reason === undefined ? state.kind : `${state.kind}:${state.reason}`,
  ]);
  io.out(formatTable(COLUMNS, rows));
  return 0;
}

/** `tunnel-remove` */
export async function removeTunnel(
  { tunnel, ...flags }: HttpFlags & { readonly tunnel: string },
  io: ProcessIo,
): Promise<number> {
  const id = parseUlid(tunnel) === null ? await idOf(tunnel, flags, io) : tunnel;
  await callApi(apiOf(flags, io), { method: "DELETE", path: apiPath`/tunnels/${id}` });
  io.out(`tunnel removed ${tunnel}`);
  return 0;
}

async function listed(flags: HttpFlags, io: ProcessIo): Promise<readonly TunnelAnswer[]> {
  return await fetchAnswer(apiOf(flags, io), { method: "GET", path: "/tunnels" }, TunnelsAnswer);
}

async function idOf(fqdn: string, flags: HttpFlags, io: ProcessIo): Promise<string> {
  const found = (await listed(flags, io)).find((it) => it.fqdn === fqdn.toLowerCase());
  if (found !== undefined) return found.id;
  throw new CommandError(`error: tunnel_not_found (no tunnel has "${fqdn}")`, NOT_FOUND_EXIT);
}
