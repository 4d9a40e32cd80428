/**
 * `server.toml`: what `serve` can be told beside its flags. Unknown keys and wrong types are errors.
 *
 * @module
 */

import { parse, TomlError } from "smol-toml";
import { z } from "zod";
import { formatSocketAddress, isLoopback, type SocketAddress } from "../core/address.ts";
import { closest } from "../core/closest.ts";
import { between, socketAddress } from "../core/config_schemas.ts";
import { PortunusError } from "../core/errors.ts";
import type { Env } from "../backend/interpolation.ts";
import { type BackendConfig, readBackendConfig } from "../backend/config.ts";
import { RULES, STOP } from "../core/limits.ts";
import { isWebOrigin } from "../core/origin.ts";
import { PUBLISH_KEYS, type PublishConfig, publishSchema } from "../publish/config.ts";
import type { TlsPaths } from "../wire/tls_material.ts";
import { isLogFilter } from "../telemetry/log.ts";

/** Effective settings of a server. Paths are as the operator wrote them. */
export interface ServerConfig {
  readonly controlListen: SocketAddress;
  readonly operatorHttpListen: SocketAddress;
  readonly metricsListen: SocketAddress;
  readonly tlsCertPath: string;
  readonly tlsKeyPath: string;
  /** The pair of an operator API that speaks HTTPS itself; `null` for plain HTTP. */
  readonly operatorHttpTls: TlsPaths | null;
  readonly rangeRuleMaxPorts: number;
  /** Sent to clients in Welcome, in seconds. */
  readonly udpFlowIdleSecs: number;
  readonly udpMaxFlowsPerRule: number;
  /** A superadmin's token from the file; used only while no superadmin exists. */
  readonly operatorToken: string | null;
  /** Where browsers reach the Web UI; `null` for wherever the request says. */
  readonly publicOrigin: string | null;
  /** The database of accounts that other servers share; `null` for accounts in our own store. */
  readonly backend: BackendConfig | null;
  /** Host names, sites and the Web ingress; `null` for none of it. */
  readonly publish: PublishConfig | null;
  /** Directives as in `RUST_LOG`, which goes before them; `null` for its default. */
  readonly logLevel: string | null;
  /** How long requests and sessions may take to end when the server stops. */
  readonly stopGraceMs: number;
}

/** What a file is read in. */
export interface ConfigSurroundings {
  readonly dataDir: string;
  /** Looks up an environment variable. */
  readonly env: Env;
}

/** One thing that is wrong with a file. */
export interface ConfigProblem {
  /** The key it is about; empty for the whole file. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const U32_MAX = 4_294_967_295;

const schema = (around: ConfigSurroundings) =>
  z.strictObject({
    control_listen: socketAddress("control_listen", "0.0.0.0:7443"),
    operator_http_listen: socketAddress("operator_http_listen", "127.0.0.1:7080"),
    metrics_listen: socketAddress("metrics_listen", "127.0.0.1:7081"),
    tls_cert_path: z.string().default(`${around.dataDir}/server.crt`),
    tls_key_path: z.string().default(`${around.dataDir}/server.key`),
    range_rule_max_ports: between("range_rule_max_ports", 1, U32_MAX, RULES.rangeMaxPortsDefault),
    udp_flow_idle_secs: between("udp_flow_idle_secs", 30, 300, 60),
    udp_max_flows_per_rule: between("udp_max_flows_per_rule", 1, 65_535, 1_024),
    operator_token: z.string().optional(),
    operator_http_tls_cert: z.string().optional(),
    operator_http_tls_key: z.string().optional(),
    operator_http_public_origin: z.string().refine(isWebOrigin, {
      // Without what was written: it may hold a password.
      error: "operator_http_public_origin must be http:// or https:// with a host and maybe a " +
        "port, and nothing after it",
    }).optional(),
    log_level: z.string().refine(isLogFilter, {
      error: "log_level must be a level (error, warn, info, debug, trace, off) or target=level, " +
        "separated by commas",
    }).optional(),
    shutdown_drain_timeout_secs: z.int().min(0).optional(),
    // Accepted so that a 3.1.0 file still loads; they had no effect there either.
    token_store_path: z.string().optional(),
    operator_store_path: z.string().optional(),
    log_format: z.enum(["json", "compact"]).optional(),
    backend: z.unknown().optional(),
    publish: publishSchema(around).optional(),
  });

type Settings = z.output<ReturnType<typeof schema>>;

/** The keys there are, in the order in which they are shown. */
export const CONFIG_KEYS: readonly string[] = Object.keys(
  schema({ dataDir: "", env: () => undefined }).shape,
);

/** Keys of 3.1.0 that mean nothing, there as here. */
export const UNUSED_KEYS: ReadonlySet<string> = new Set([
  "token_store_path",
  "operator_store_path",
  "log_format",
]);

/**
 * Reads the text of a `server.toml`; the empty text gives the defaults.
 *
 * @throws {PortunusError} `config_invalid`, naming the keys and what is expected
 */
export function parseServerConfig(text: string, around: ConfigSurroundings): ServerConfig {
  const { config, problems } = read(text, around);
  if (config !== null) return config;
  throw new PortunusError("config_invalid", problems.map(({ message }) => message).join("; "));
}

/** Everything that is wrong with a text that is TOML. @throws {PortunusError} when it is not */
export function serverConfigProblems(
  text: string,
  around: ConfigSurroundings,
): readonly ConfigProblem[] {
  return read(text, around).problems;
}

function read(
  text: string,
  around: ConfigSurroundings,
): { readonly config: ServerConfig | null; readonly problems: readonly ConfigProblem[] } {
  const result = schema(around).safeParse(parseToml(text));
  if (!result.success) return { config: null, problems: result.error.issues.flatMap(problemsOf) };
  const problems = contradictions(result.data);
  if (problems.length > 0) return { config: null, problems };
  try {
    return { config: toConfig(result.data, around), problems };
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    return { config: null, problems: [{ path: ["backend"], message: error.detail ?? error.code }] };
  }
}

/** What is wrong although every value is right by itself. */
function contradictions(settings: Settings): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const pair = ["operator_http_tls_cert", "operator_http_tls_key"] as const;
  const given = pair.filter((key) => settings[key] !== undefined);
  const [only, ...others] = given;
  if (only !== undefined && others.length === 0) {
    const missing = pair.find((key) => key !== only);
    problems.push({ path: [only], message: `${only} needs ${missing}, too` });
  }
  if (!isLoopback(settings.metrics_listen.host)) {
    const address = formatSocketAddress(settings.metrics_listen);
    const message = `metrics_listen must bind to loopback (got ${address})`;
    problems.push({ path: ["metrics_listen"], message });
  }
  return problems;
}

/** Whether operators reach the API over TLS, as far as the configuration knows. */
export function isSecure({ publicOrigin, operatorHttpTls }: ServerConfig): boolean {
  return publicOrigin?.startsWith("https://") ?? operatorHttpTls !== null;
}

function toConfig(settings: Settings, around: ConfigSurroundings): ServerConfig {
  const { operator_http_tls_cert: certPath, operator_http_tls_key: keyPath } = settings;
  const drainSecs = settings.shutdown_drain_timeout_secs ?? STOP.graceDefaultSecs;
  return {
    controlListen: settings.control_listen,
    operatorHttpListen: settings.operator_http_listen,
    metricsListen: settings.metrics_listen,
    tlsCertPath: settings.tls_cert_path,
    tlsKeyPath: settings.tls_key_path,
    operatorHttpTls: certPath === undefined || keyPath === undefined ? null : { certPath, keyPath },
    rangeRuleMaxPorts: settings.range_rule_max_ports,
    udpFlowIdleSecs: settings.udp_flow_idle_secs,
    udpMaxFlowsPerRule: settings.udp_max_flows_per_rule,
    operatorToken: settings.operator_token ?? null,
    publicOrigin: settings.operator_http_public_origin ?? null,
    logLevel: settings.log_level ?? null,
    publish: settings.publish ?? null,
    backend: settings.backend === undefined ? null : readBackendConfig(settings.backend, around),
    stopGraceMs: Math.min(drainSecs, STOP.graceMaxSecs) * 1_000,
  };
}

/**
 * Reads `[backend]` of a `server.toml` alone, for commands to which the rest is nothing; `null`
 * without one.
 *
 * @throws {PortunusError} `config_invalid`
 */
export function readBackend(
  text: string,
  options: { readonly dataDir: string; readonly env: Env },
): BackendConfig | null {
  const { backend } = parseToml(text);
  return backend === undefined ? null : readBackendConfig(backend, options);
}

/** The table that a text holds. @throws {PortunusError} `config_invalid` with line and column */
export function parseToml(text: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The message goes on with the offending lines, and one of them may hold a secret.
    const summary = error.message.split("\n", 1)[0];
    throw new PortunusError(
      "config_invalid",
      `line ${error.line}, column ${error.column}: ${summary}`,
    );
  }
}

function problemsOf(issue: z.core.$ZodIssue): ConfigProblem[] {
  const path = issue.path.map((part) => typeof part === "number" ? part : String(part));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const name = [...path, key].join(".");
      return { path: [...path, key], message: `unknown key "${name}"${hint(path, key)}` };
    });
  }
  const message = issue.code === "custom" ? issue.message : `${path.join(".")}: ${issue.message}`;
  return [{ path, message }];
}

function hint(table: readonly (string | number)[], key: string): string {
  const meant = closest(key, table.length === 0 ? CONFIG_KEYS : PUBLISH_KEYS);
  return meant === null ? "" : `, did you mean "${[...table, meant].join(".")}"?`;
}
