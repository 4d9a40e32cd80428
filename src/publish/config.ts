/**
 * `[publish]` of `server.toml`: host names, sites and the Web ingress. Without the table there is
 * none of it.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { formatSocketAddress, type SocketAddress } from "../core/address.ts";
import { between, optionalSocketAddress, socketAddress } from "../core/config_schemas.ts";
import { isIp } from "../core/ip.ts";
import { PUBLISH } from "../core/limits.ts";

/** Effective settings of publishing. Paths that were relative are below the data directory. */
export interface PublishConfig {
  /** Answers ACME challenges and sends everybody else to HTTPS. */
  readonly httpListen: SocketAddress;
  /** The Web ingress. */
  readonly httpsListen: SocketAddress;
  /** What host names of the ingress shall resolve to; `null` to find it out. */
  readonly publicIp: string | null;
  readonly sitesDir: string;
  readonly certsDir: string;
  /** All files of one site together. */
  readonly maxSiteSizeBytes: number;
  readonly maxFileSizeBytes: number;
  /** Host names in use, reserved ones not counted. */
  readonly maxHosts: number;
  /** The directory of an ACME server (RFC 8555 §7.1.1), for certificates. */
  readonly acmeDirectory: string;
  /** A PEM file with roots to trust for that directory, beside the system's; `null` for none. */
  readonly acmeCaPath: string | null;
  /** The name server that is asked where host names lead; `null` for the system's. */
  readonly dnsServer: SocketAddress | null;
  /** Where accounts are exported to after each change; `null` for nowhere. */
  readonly usersExportPath: string | null;
}

/** What the table is read in. */
export interface PublishSurroundings {
  readonly dataDir: string;
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
}

/** Variables that go before keys of the table. */
export const PUBLISH_VARIABLES: ReadonlyMap<string, string> = new Map([
  ["sites_dir", "PORTUNUS_SITES_DIR"],
  ["certs_dir", "PORTUNUS_CERTS_DIR"],
]);

/** The keys there are, in the order in which they are shown. */
export const PUBLISH_KEYS = [
  "http_listen",
  "https_listen",
  "public_ip",
  "sites_dir",
  "certs_dir",
  "max_site_size",
  "max_file_size",
  "max_hosts",
  "acme_directory",
  "acme_ca",
  "dns_server",
  "users_export_path",
] as const;

type PublishKey = typeof PUBLISH_KEYS[number];

const BYTES_MAX = Number.MAX_SAFE_INTEGER;

/** The table, strictly: what is unknown or wrong is an issue of zod. */
export const publishSchema = (around: PublishSurroundings) =>
  z.strictObject({
    http_listen: socketAddress("publish.http_listen", "0.0.0.0:80"),
    https_listen: socketAddress("publish.https_listen", "0.0.0.0:443"),
    public_ip: z.string().refine(isIp, {
      error: ({ input }) => `publish.public_ip must be an IP address (got "${String(input)}")`,
    }).optional(),
    sites_dir: path("sites_dir"),
    certs_dir: path("certs_dir"),
    max_site_size: between("publish.max_site_size", 1, BYTES_MAX, PUBLISH.siteMaxBytes),
    max_file_size: between("publish.max_file_size", 1, BYTES_MAX, PUBLISH.fileMaxBytes),
    max_hosts: between("publish.max_hosts", 1, PUBLISH.hostsCeiling, PUBLISH.hostsMax),
    acme_directory: z.string().refine(isHttps, {
      // Without what was written: an address may hold a password.
      error: "publish.acme_directory must be an https:// address",
    }).default(PUBLISH.acmeDirectory),
    acme_ca: path("acme_ca").optional(),
    dns_server: optionalSocketAddress("publish.dns_server"),
    users_export_path: path("users_export_path").optional(),
  }).transform((settings): PublishConfig => toConfig(settings, around));

const path = (key: string) =>
  z.string().refine((text) => text !== "", { error: `publish.${key} must not be empty` })
    .optional();

function isHttps(text: string): boolean {
  return text.startsWith("https://") && URL.canParse(text);
}

interface Settings {
  readonly http_listen: SocketAddress;
  readonly https_listen: SocketAddress;
  readonly public_ip?: string | undefined;
  readonly sites_dir?: string | undefined;
  readonly certs_dir?: string | undefined;
  readonly max_site_size: number;
  readonly max_file_size: number;
  readonly max_hosts: number;
  readonly acme_directory: string;
  readonly acme_ca?: string | undefined;
  readonly dns_server?: SocketAddress | undefined;
  readonly users_export_path?: string | undefined;
}

function toConfig(settings: Settings, { dataDir, env }: PublishSurroundings): PublishConfig {
  const below = (path: string) => isAbsolute(path) ? path : join(dataDir, path);
  const directory = (key: "sites_dir" | "certs_dir", fallback: string) =>
    below(publishVariable(key, env)?.value ?? settings[key] ?? fallback);
  const { users_export_path: exportPath, acme_ca: acmeCa } = settings;
  return {
    httpListen: settings.http_listen,
    httpsListen: settings.https_listen,
    publicIp: settings.public_ip ?? null,
    sitesDir: directory("sites_dir", "sites"),
    certsDir: directory("certs_dir", "certs"),
    maxSiteSizeBytes: settings.max_site_size,
    maxFileSizeBytes: settings.max_file_size,
    maxHosts: settings.max_hosts,
    acmeDirectory: settings.acme_directory,
    acmeCaPath: acmeCa === undefined ? null : below(acmeCa),
    dnsServer: settings.dns_server ?? null,
    usersExportPath: exportPath === undefined ? null : below(exportPath),
  };
}

/** The variable that goes before `key`, where it is set to something. */
export function publishVariable(
  key: string,
  env: PublishSurroundings["env"],
): { readonly value: string; readonly source: string } | null {
  const source = PUBLISH_VARIABLES.get(key);
  const value = source === undefined ? undefined : env(source)?.trim();
  return source === undefined || value === undefined || value === "" ? null : { value, source };
}

/** The settings as the table writes them, by their keys; `null` for what is not set. */
export function publishValues(
  config: PublishConfig,
): Readonly<Record<PublishKey, string | number | null>> {
  return {
    http_listen: formatSocketAddress(config.httpListen),
    https_listen: formatSocketAddress(config.httpsListen),
    public_ip: config.publicIp,
    sites_dir: config.sitesDir,
    certs_dir: config.certsDir,
    max_site_size: config.maxSiteSizeBytes,
    max_file_size: config.maxFileSizeBytes,
    max_hosts: config.maxHosts,
    acme_directory: config.acmeDirectory,
    acme_ca: config.acmeCaPath,
    dns_server: config.dnsServer && formatSocketAddress(config.dnsServer),
    users_export_path: config.usersExportPath,
  };
}
