/**
 * The file of `portunus-client standalone`: settings and rules in TOML, strictly read.
 *
 * @module
 */

import { parse, TomlError } from "smol-toml";
import { FORWARD, STANDALONE } from "../core/limits.ts";
import { ConfigError, Problems } from "../rulefile/problems.ts";
import { type FileRule, readRule, RULE_KEYS, type RuleDefaults } from "../rulefile/rule.ts";
import { locateToml } from "../rulefile/toml_positions.ts";
import { TableReader } from "../rulefile/table_reader.ts";

export type { FileRule } from "../rulefile/rule.ts";

const U32_MAX = 4_294_967_295n;
const U64_MAX = 18_446_744_073_709_551_615n;

/** What a file says, with the defaults put in. */
export interface StandaloneConfig {
  readonly label: string | null;
  /** Filter directives. */
  readonly logLevel: string;
  /** `pretty`; anything else is JSON. */
  readonly logFormat: string;
  readonly drainMs: number;
  /** Threads that move bytes, where the engine has any; `null` for as many as suit the host. */
  readonly workers: number | null;
  readonly stats: {
    readonly enabled: boolean;
    /** `null` for the usual place. */
    readonly socketPath: string | null;
    readonly refreshMs: number;
  };
  /** At least one. */
  readonly rules: readonly FileRule[];
}

/** What the command line says in the file's place. */
export interface ConfigOverrides {
  readonly noStats?: boolean;
  readonly socketPath?: string | undefined;
}

/**
 * Reads the text of a configuration file.
 *
 * @throws {ConfigError} with every problem there is
 */
export function parseConfig(text: string, overrides: ConfigOverrides = {}): StandaloneConfig {
  const problems = new Problems(locateToml(text));
  const top = new TableReader({
    table: parseToml(text),
    path: [],
    problems,
    keys: ["global", "forward", "defaults", "stats", "rule"],
  });
  const global = top.table("global", ["label", "log_level", "log_format", "shutdown_drain_secs"]);
  const config = {
    label: global?.string("label") ?? null,
    logLevel: global?.string("log_level") ?? "warn",
    logFormat: global?.string("log_format") ?? "json",
    drainMs: drainMs(global),
    workers: readWorkers(top),
    stats: readStats(top, overrides),
    rules: readRules(top, readDefaults(top)),
  };
  problems.check();
  return config;
}

function parseToml(text: string): Record<string, unknown> {
  try {
    return parse(text, { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    const message = `toml parse error: ${first}`;
    throw new ConfigError([{ line: error.line, column: error.column, message, isValue: false }]);
  }
}

/** Longer than a timer can wait is as good as for ever. */
function drainMs(global: TableReader | undefined): number {
  const secs = global?.integer("shutdown_drain_secs", { max: U64_MAX });
  if (secs === undefined) return FORWARD.drainTimeoutDefaultSecs * 1_000;
  return Math.min(Number(secs), STANDALONE.timerMaxSecs) * 1_000;
}

function readWorkers(top: TableReader): number | null {
  const table = top.table("forward", ["workers"]);
  const workers = table?.integer("workers", { max: U32_MAX });
  if (workers === undefined) return null;
  const { workersMax } = FORWARD;
  if (workers < 1n || workers > workersMax) {
    table?.problem("workers", `[forward] workers must be in 1..=${workersMax} (got ${workers})`);
  }
  return Number(workers);
}

function readStats(top: TableReader, overrides: ConfigOverrides): StandaloneConfig["stats"] {
  const table = top.table("stats", ["enabled", "socket_path", "refresh_ms"]);
  const enabled = (table?.bool("enabled") ?? true) && overrides.noStats !== true;
  const refreshMs = Number(
    table?.integer("refresh_ms", { max: U64_MAX }) ?? STANDALONE.refreshDefaultMs,
  );
  const { refreshMinMs, refreshMaxMs } = STANDALONE;
  if (enabled && (refreshMs < refreshMinMs || refreshMs > refreshMaxMs)) {
    table?.problem(
      "refresh_ms",
      `[stats] refresh_ms must be in ${refreshMinMs}..=${refreshMaxMs} (got ${refreshMs})`,
    );
  }
  const socketPath = overrides.socketPath ?? table?.string("socket_path") ?? null;
  return { enabled, socketPath, refreshMs };
}

function readDefaults(top: TableReader): RuleDefaults {
  const table = top.table("defaults", [
    "protocol",
    "udp_max_flows",
    "udp_flow_idle_secs",
    "prefer_ipv6",
  ]);
  return {
    protocol: table?.string("protocol") ?? "tcp",
    protocolPath: ["defaults", "protocol"],
    udpFlowsMax: table?.integer("udp_max_flows", { max: U32_MAX }),
    udpIdleSecs: table?.integer("udp_flow_idle_secs", { max: U32_MAX }),
    preferIpv6: table?.bool("prefer_ipv6") ?? false,
  };
}

function readRules(top: TableReader, defaults: RuleDefaults): FileRule[] {
  const tables = top.tables("rule", RULE_KEYS);
  if (tables === undefined || tables.length === 0) {
    if (tables !== undefined || !top.has("rule")) {
      top.problem("rule", "the file needs at least one [[rule]]");
    }
    return [];
  }
  const rules: FileRule[] = [];
  const names = new Set<string>();
  const ids = new Map<bigint, string>();
  for (const table of tables) {
    const rule = readRule(table, defaults);
    const { name, spec: { id } } = rule;
    const other = ids.get(id);
    if (name !== "" && names.has(name)) table.problem("name", `duplicate rule name: "${name}"`);
    else if (other !== undefined) {
      table.problem("name", `rule-id collision: "${name}" and "${other}" share ${id}`);
    }
    names.add(name);
    ids.set(id, name);
    rules.push(rule);
  }
  return rules;
}
