/**
 * The settings of a server as they take effect, each with what it comes from.
 *
 * @module
 */

import {
  CONFIG_KEYS,
  type ConfigSurroundings,
  parseServerConfig,
  parseToml,
  UNUSED_KEYS,
} from "./config.ts";
import { formatSocketAddress, type SocketAddress } from "../core/address.ts";
import { STOP } from "../core/limits.ts";
import {
  PUBLISH_KEYS,
  type PublishConfig,
  publishValues,
  publishVariable,
} from "../publish/config.ts";

/** One setting, without secrets. */
export interface Setting {
  readonly key: string;
  /** `null` when it is not set and has no default. */
  readonly value: string | number | boolean | null;
  /** `default`, `server.toml`, or the flag or variable. */
  readonly source: string;
}

/** What goes before a key of the file: the value, and the flag or variable it is from. */
export type Overrides = ReadonlyMap<string, Pick<Setting, "value" | "source">>;

export interface SettingsOptions extends ConfigSurroundings {
  /** The file; empty where there is none. */
  readonly text: string;
  readonly overrides: Overrides;
}

const FILE = "server.toml";
const MASK = "***";

/** Names of values that must not be shown. Addresses of databases carry passwords. */
const SECRET = /token$|secret|password|url$/i;

/**
 * Every setting there is, in the order of the documentation; keys without a meaning only where the
 * file has them.
 *
 * @throws {PortunusError} `config_invalid` for a file that is wrong
 */
export function effectiveSettings(options: SettingsOptions): Setting[] {
  const { text, overrides } = options;
  const { publish } = parseServerConfig(text, options);
  const table = parseToml(text);
  const defaults = defaultsIn(options);
  return CONFIG_KEYS.flatMap((key): Setting[] => {
    const override = overrides.get(key);
    if (override !== undefined) return [{ key, ...override }];
    if (key === "publish" && publish !== null) return publishSettings(publish, table[key], options);
    if (Object.hasOwn(table, key)) return leaves(key, table[key]);
    if (UNUSED_KEYS.has(key)) return [];
    return [{ key, value: defaults.get(key) ?? null, source: "default" }];
  });
}

function defaultsIn(around: ConfigSurroundings): ReadonlyMap<string, string | number> {
  const config = parseServerConfig("", around);
  const address = (it: SocketAddress) => formatSocketAddress(it);
  return new Map<string, string | number>([
    ["control_listen", address(config.controlListen)],
    ["operator_http_listen", address(config.operatorHttpListen)],
    ["metrics_listen", address(config.metricsListen)],
    ["tls_cert_path", config.tlsCertPath],
    ["tls_key_path", config.tlsKeyPath],
    ["range_rule_max_ports", config.rangeRuleMaxPorts],
    ["udp_flow_idle_secs", config.udpFlowIdleSecs],
    ["udp_max_flows_per_rule", config.udpMaxFlowsPerRule],
    ["shutdown_drain_timeout_secs", STOP.graceDefaultSecs],
    ["log_level", "info"],
  ]);
}

/** All of `[publish]`, whose variables go before the file. */
function publishSettings(
  config: PublishConfig,
  table: unknown,
  { env }: ConfigSurroundings,
): Setting[] {
  const written = new Set(Object.keys(table as object));
  const values = publishValues(config);
  return PUBLISH_KEYS.map((key) => {
    const fallback = written.has(key) ? FILE : "default";
    const source = publishVariable(key, env)?.source ?? fallback;
    return { key: `publish.${key}`, value: values[key], source };
  });
}

/** A table is shown as its values, by dotted keys. */
function leaves(key: string, value: unknown): Setting[] {
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    return Object.entries(value).flatMap(([name, it]) => leaves(`${key}.${name}`, it));
  }
  return [{ key, value: SECRET.test(key) ? MASK : shown(value), source: FILE }];
}

const shown = (value: unknown): string | number | boolean =>
  typeof value === "number" || typeof value === "boolean" ? value : String(value);
