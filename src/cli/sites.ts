/**
 * Sites over the operator API.
 *
 * @module
 */

import { z } from "zod";
import { type Json, sortKeys, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { SiteAnswer } from "./answers.ts";
import { apiPath } from "./api_path.ts";
import { CommandError } from "./command_error.ts";
import type { HttpFlags } from "./flags.ts";
import { type ApiOptions, callApi, fetchAnswer } from "./http_client.ts";
import { formatTable } from "./table.ts";

export interface SiteFormatFlags {
  /** @default {"table"} on a terminal, else `json` */
  readonly format?: "text" | "json" | "table";
}

export interface SiteAddFlags extends HttpFlags, SiteFormatFlags {
  readonly domain?: string;
  readonly owner?: string;
  readonly spa?: true;
  readonly protected?: true;
  readonly allow?: readonly string[];
}

/** A certificate takes a while. */
const ISSUANCE_MS = 120_000;

const NOT_FOUND_EXIT = 8;

/** How commands on sites call the API. */
export const siteApi = (flags: HttpFlags, io: ProcessIo): ApiOptions => ({
  flags,
  family: "publish",
  io,
});

/** `site-add` */
export async function addSite(
  flags: SiteAddFlags & { readonly name: string },
  io: ProcessIo,
): Promise<number> {
  const { name, domain, owner, spa = false, protected: isProtected = false, allow } = flags;
  const body = {
    name,
    ...(domain !== undefined && { custom_domain: domain }),
    ...(owner !== undefined && { owner }),
    ...(spa && { spa_mode: true }),
    ...((isProtected || allow !== undefined) && { protected: true }),
    ...(allow !== undefined && { allowed_users: [...allow] }),
  };
  const request = { method: "POST", path: "/sites", body, extraTimeoutMs: ISSUANCE_MS } as const;
  show(await callApi(siteApi(flags, io), request), flags, io);
  return 0;
}

/** `site-list` */
export async function listSites(
  flags: HttpFlags & SiteFormatFlags,
  io: ProcessIo,
): Promise<number> {
  show(await callApi(siteApi(flags, io), { method: "GET", path: "/sites" }), flags, io);
  return 0;
}

/** `site-remove` */
export async function removeSite(
  flags: HttpFlags & { readonly site: string },
  io: ProcessIo,
): Promise<number> {
  const api = siteApi(flags, io);
  const { id } = await resolveSite(api, flags.site);
  await callApi(api, { method: "DELETE", path: apiPath`/sites/${id}` });
  return 0;
}

/** The site of that name or id. @throws {CommandError} exit 8 for none */
export async function resolveSite(
  api: ApiOptions,
  nameOrId: string,
): Promise<z.output<typeof SiteAnswer>> {
  const sites = await fetchAnswer(api, { method: "GET", path: "/sites" }, z.array(SiteAnswer));
  const found = sites.find(({ id, name }) => name === nameOrId || id === nameOrId.toUpperCase());
  if (found !== undefined) return found;
  throw new CommandError(`error: site_not_found (no site "${nameOrId}")`, NOT_FOUND_EXIT);
}

const COLUMNS = [
  { title: "NAME", width: 16 },
  { title: "HOST", width: 28 },
  { title: "OWNER", width: 12 },
  { title: "ACCESS", width: 9 },
  { title: "CERT", width: 8 },
  { title: "BYTES", width: 11 },
];

function show(body: Json, { format }: SiteFormatFlags, io: ProcessIo): void {
  const shown = format ?? (io.isTerminal() ? "table" : "json");
  io.out(shown === "table" ? tableOf(body) : stringifyJson(sortKeys(body), 2));
}

function tableOf(body: Json): string {
  const result = z.array(SiteAnswer).safeParse(Array.isArray(body) ? body : [body]);
  if (!result.success) {
    throw new CommandError(`error: parse response: ${result.error.issues[0]?.message}`, 1);
  }
  const rows = result.data.map((site) => [
    site.name,
    site.fqdn,
    site.owner ?? "-",
    site.protected ? "protected" : "public",
    site.dns_verified ? site.cert.status : "no DNS",
    String(site.total_size),
  ]);
  return formatTable(COLUMNS, rows);
}
