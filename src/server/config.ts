/**
 * `server.toml`: what `serve` can be told beside its flags. Unknown keys and wrong types are errors.
 *
 * @module
 */

import { parse, TomlError } from "smol-toml";
import { z } from "zod";
import {
  formatSocketAddress,
  isLoopback,
  parseSocketAddress,
  type SocketAddress,
} from "../core/address.ts";
import { PortunusError } from "../core/errors.ts";
import type { Env } from "../backend/interpolation.ts";
import { type BackendConfig, readBackendConfig } from "../backend/config.ts";
import { RULES } from "../core/limits.ts";
import { isWebOrigin } from "../core/origin.ts";

/** Effective settings of a server. Paths are as the operator wrote them. */
export interface ServerConfig {
  readonly controlListen: SocketAddress;
  readonly operatorHttpListen: SocketAddress;
  readonly metricsListen: SocketAddress;
  readonly tlsCertPath: string;
  readonly tlsKeyPath: string;
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
}

const socketAddress = (key: string, fallback: string) =>
  z.string().default(fallback).transform((text, context) => {
    const address = parseSocketAddress(text);
    if (address) return address;
    context.issues.push({
      code: "custom",
      input: text,
      message: `${key} must be IP:port (got "${text}")`,
    });
    return z.NEVER;
  });

const between = (key: string, min: number, max: number, fallback: number) =>
  z.int().default(fallback).refine((value) => value >= min && value <= max, {
    error: ({ input }) => `${key} out of range (got ${String(input)}, expected ${min}..=${max})`,
  });

const U32_MAX = 4_294_967_295;

const schema = (dataDir: string) =>
  z.strictObject({
    control_listen: socketAddress("control_listen", "0.0.0.0:7443"),
    operator_http_listen: socketAddress("operator_http_listen", "127.0.0.1:7080"),
    metrics_listen: socketAddress("metrics_listen", "127.0.0.1:7081"),
    tls_cert_path: z.string().default(`${dataDir}/server.crt`),
    tls_key_path: z.string().default(`${dataDir}/server.key`),
    range_rule_max_ports: between("range_rule_max_ports", 1, U32_MAX, RULES.rangeMaxPortsDefault),
    udp_flow_idle_secs: between("udp_flow_idle_secs", 30, 300, 60),
    udp_max_flows_per_rule: between("udp_max_flows_per_rule", 1, 65_535, 1_024),
    operator_token: z.string().optional(),
    operator_http_public_origin: z.string().refine(isWebOrigin, {
      // Without what was written: it may hold a password.
      error: "operator_http_public_origin must be http:// or https:// with a host and maybe a " +
        "port, and nothing after it",
    }).optional(),
    // Accepted so that a 3.1.0 file still loads; they had no effect there either.
    token_store_path: z.string().optional(),
    operator_store_path: z.string().optional(),
    shutdown_drain_timeout_secs: z.int().min(0).optional(),
    log_format: z.enum(["json", "compact"]).optional(),
    backend: z.unknown().optional(),
  });

/**
 * Reads the text of a `server.toml`; the empty text gives the defaults.
 *
 * @throws {PortunusError} `config_invalid`, naming the key and what is expected
 */
export function parseServerConfig(
  text: string,
  { dataDir, env }: { readonly dataDir: string; readonly env: Env },
): ServerConfig {
  const result = schema(dataDir).safeParse(parseToml(text));
  if (!result.success) {
    throw new PortunusError("config_invalid", problemText(result.error.issues[0]));
  }
  const config = result.data;
  if (!isLoopback(config.metrics_listen.host)) {
    const address = formatSocketAddress(config.metrics_listen);
    throw new PortunusError(
      "config_invalid",
      `metrics_listen must bind to loopback (got ${address})`,
    );
  }
  return {
    controlListen: config.control_listen,
    operatorHttpListen: config.operator_http_listen,
    metricsListen: config.metrics_listen,
    tlsCertPath: config.tls_cert_path,
    tlsKeyPath: config.tls_key_path,
    rangeRuleMaxPorts: config.range_rule_max_ports,
    udpFlowIdleSecs: config.udp_flow_idle_secs,
    udpMaxFlowsPerRule: config.udp_max_flows_per_rule,
    operatorToken: config.operator_token ?? null,
    publicOrigin: config.operator_http_public_origin ?? null,
    backend: config.backend === undefined
      ? null
      : readBackendConfig(config.backend, { dataDir, env }),
  };
}

function parseToml(text: string): unknown {
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

function problemText(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === "unrecognized_keys") {
    return `unknown key ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
  }
  if (issue?.code === "custom") return issue.message;
  return `${issue?.path.join(".")}: ${issue?.message}`;
}
