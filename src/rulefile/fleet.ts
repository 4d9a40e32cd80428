/**
 * A file of rules for a whole fleet: the standalone file, with the client of each rule.
 *
 * @module
 */

import { parse, TomlError } from "smol-toml";
import { errorText, PortunusError } from "../core/errors.ts";
import { parseJson } from "../core/json.ts";
import { rangeLength } from "../core/ports.ts";
import { rateLimitToJson } from "../core/rate_limit.ts";
import type { RuleSpec } from "../core/rule.ts";
import { RuleBody } from "../core/rule_body.ts";
import { type RuleDraft, ruleFromBody } from "../core/rule_input.ts";
import { ConfigError, Problems } from "./problems.ts";
import { readRule, RULE_KEYS, type RuleDefaults } from "./rule.ts";
import { TableReader } from "./table_reader.ts";
import { locateToml, type Position } from "./toml_positions.ts";

/** A rule that a client should have. */
export interface FleetRule {
  /** Where the file says so, for messages. */
  readonly name: string;
  readonly position: Position;
  /** Display name. */
  readonly clientName: string;
  readonly draft: RuleDraft;
  /** What `POST /v1/rules` takes. */
  readonly body: RuleBody;
}

/** What a file says, and what of it has no meaning for a server. */
export interface FleetFile {
  readonly rules: readonly FleetRule[];
  readonly ignored: readonly string[];
}

/** What a standalone file says to a host; a server has its own settings. */
const HOST_TABLES = ["global", "forward", "stats"];
const HOST_KEYS = ["udp_max_flows", "udp_flow_idle_secs"];

const NO_DEFAULTS: RuleDefaults = {
  protocol: "tcp",
  protocolPath: [],
  udpFlowsMax: undefined,
  udpIdleSecs: undefined,
  preferIpv6: false,
};

/**
 * Reads the text of a file, TOML or, if it begins with a brace, the same as JSON.
 *
 * @throws {ConfigError} with every problem there is
 */
export function parseFleet(text: string): FleetFile {
  const isJson = text.trimStart().startsWith("{");
  const table = isJson ? jsonTable(text) : tomlTable(text);
  const problems = isJson
    ? new Problems(() => ({ line: 1, column: 1 }), (path) => `${path.join(".")}: `)
    : new Problems(locateToml(text));
  const top = new TableReader({
    table,
    path: [],
    problems,
    keys: [...HOST_TABLES, "defaults", "rule"],
  });
  const defaults = top.table("defaults", ["client", "protocol", "prefer_ipv6", ...HOST_KEYS]);
  const rules = (top.tables("rule", [...RULE_KEYS, "client"]) ?? []).map((rule) =>
    readFleetRule(rule, defaults, problems)
  );
  problems.check();
  return {
    rules: rules.filter((rule) => rule !== null),
    ignored: [
      ...HOST_TABLES.filter((name) => top.has(name)).map((name) => `[${name}]`),
      ...HOST_KEYS.filter((key) => isSaidIn(table, key)),
    ],
  };
}

function tomlTable(text: string): Record<string, unknown> {
  try {
    return parse(text, { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw failure(`toml parse error: ${first}`, error);
  }
}

/** Every integer as a `bigint`, as the reader of TOML gives them. */
function jsonTable(text: string): Record<string, unknown> {
  try {
    const table = parseJson(text);
    return integersAsBigInt(table) as Record<string, unknown>;
  } catch (error) {
    throw failure(`json parse error: ${errorText(error)}`, { line: 1, column: 1 });
  }
}

function integersAsBigInt(value: unknown): unknown {
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(integersAsBigInt);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, integersAsBigInt(it)]));
}

const failure = (message: string, { line, column }: Position) =>
  new ConfigError([{ line, column, message, isValue: false }]);

/** `null` when something was wrong with the rule, which has been noted. */
function readFleetRule(
  table: TableReader,
  defaults: TableReader | undefined,
  problems: Problems,
): FleetRule | null {
  const before = problems.count;
  const clientName = table.string("client") ?? defaults?.string("client");
  if (clientName === undefined && !table.has("client")) {
    table.problem("name", "`client` is missing, here and in [defaults]");
  }
  const { name, spec } = readRule(table, {
    ...NO_DEFAULTS,
    protocol: defaults?.string("protocol") ?? "tcp",
    protocolPath: ["defaults", "protocol"],
    preferIpv6: defaults?.bool("prefer_ipv6") ?? false,
  });
  if (clientName === undefined || problems.count > before) return null;
  const body = bodyOf(clientName, spec);
  try {
    const { draft } = ruleFromBody(RuleBody.parse(body));
    return { name, clientName, draft, body, position: problems.positionOf(table.path) };
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    table.problem("name", error.message);
    return null;
  }
}

/** A rule as the operator API takes it: the short form where that says everything. */
export function bodyOf(client: string, spec: Omit<RuleSpec, "id" | "ownerId">): RuleBody {
  const { protocol, listen, targetHost, targetPorts, targets, limits } = spec;
  const common = {
    client,
    protocol,
    listen_port: listen.start,
    ...(spec.preferIpv6 ? { prefer_ipv6: true } : {}),
  };
  const isRange = rangeLength(listen) > 1;
  const needsList = targets.length > 0 || spec.sniPattern !== null ||
    spec.healthCheckIntervalSecs !== null || limits !== null;
  if (isRange || !needsList) {
    return {
      ...common,
      target_host: targetHost,
      target_port: targetPorts.start,
      ...(isRange ? { listen_port_end: listen.end, target_port_end: targetPorts.end } : {}),
      ...(limits === null ? {} : { rate_limit: rateLimitToJson(limits) }),
    };
  }
  return {
    ...common,
    targets: (targets.length > 0 ? targets : [{
      host: targetHost,
      port: targetPorts.start,
      priority: 0,
      proxyProtocol: null,
    }]).map(({ host, port, priority, proxyProtocol }) => ({
      host,
      port,
      priority,
      ...(proxyProtocol === null ? {} : { proxy_protocol: proxyProtocol }),
    })),
    ...(spec.healthCheckIntervalSecs === null
      ? {}
      : { health_check_interval_secs: spec.healthCheckIntervalSecs }),
    ...(spec.sniPattern === null ? {} : { sni_pattern: spec.sniPattern }),
    ...(limits === null ? {} : { rate_limit: rateLimitToJson(limits) }),
  };
}

/** Whether any table of rules, or that of defaults, has the key. */
function isSaidIn(table: Readonly<Record<string, unknown>>, key: string): boolean {
  const { defaults, rule } = table as { defaults?: object; rule?: object[] };
  return [...(rule ?? []), ...(defaults === undefined ? [] : [defaults])]
    .some((it) => Object.hasOwn(it, key));
}
