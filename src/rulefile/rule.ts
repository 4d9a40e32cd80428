/**
 * One `[[rule]]` of a file of rules.
 *
 * @module
 */

import { parseTargetHost } from "../core/address.ts";
import { PortunusError } from "../core/errors.ts";
import { FORWARD, RULES, STANDALONE } from "../core/limits.ts";
import { parsePortNumber, splitHostPort } from "../core/port_spec.ts";
import { type PortRange, portRange, rangeLength } from "../core/ports.ts";
import {
  checkRateLimit,
  hasCaps,
  RATE_LIMIT_FIELDS,
  type RateLimit,
  rateLimitFromJson,
} from "../core/rate_limit.ts";
import { type Protocol, PROTOCOLS, PROXY_VERSIONS } from "../core/rule.ts";
import type { ProxyVersion, RuleSpec, RuleTarget } from "../core/rule.ts";
import { parseSniPattern } from "../core/sni.ts";
import { ruleId } from "./rule_id.ts";
import type { TableReader } from "./table_reader.ts";
import type { TomlPath } from "./toml_positions.ts";

/** A rule as the data plane takes it, with what only this host knows of it. */
export interface FileRule {
  readonly name: string;
  readonly spec: RuleSpec;
  /** Bounds on its UDP flows. */
  readonly udp: { readonly flowsMax: number; readonly idleMs: number };
}

/** The table `[defaults]`. Zero means the built-in default, too. */
export interface RuleDefaults {
  readonly protocol: string;
  readonly protocolPath: TomlPath;
  readonly udpFlowsMax: bigint | undefined;
  readonly udpIdleSecs: bigint | undefined;
  readonly preferIpv6: boolean;
}

/** Everything a rule may say. */
export const RULE_KEYS = [
  "name",
  "protocol",
  "listen_port",
  "listen_ports",
  "target",
  "targets",
  "prefer_ipv6",
  "udp_max_flows",
  "udp_flow_idle_secs",
  "sni_pattern",
  "health_check_interval_secs",
  "rate_limit",
];

const TARGET_KEYS = ["host", "port", "priority", "proxy_protocol"];
const U16_MAX = 65_535n;
const U32_MAX = 4_294_967_295n;
const U64_MAX = 18_446_744_073_709_551_615n;

/** Stands where something was wrong, so that the rest can still be looked at. */
const NO_PORTS: PortRange = { start: 1, end: 1 };

/** Where a rule forwards to. */
type Upstream = Pick<RuleSpec, "targetHost" | "targetPorts" | "targets">;
const NO_UPSTREAM: Upstream = { targetHost: "", targetPorts: NO_PORTS, targets: [] };

/** Reads a rule; what is wrong is noted, and the result is then not to be used. */
export function readRule(table: TableReader, defaults: RuleDefaults): FileRule {
  const name = table.string("name") ?? "";
  if (!table.has("name")) table.problem("name", "toml parse error: missing field `name`");
  const protocol = readProtocol(table, defaults);
  const listen = readListen(table, name);
  const upstream = readUpstream(table, name, listen);
  const interval = readInterval(table, listen);
  const spec: RuleSpec = {
    id: ruleId(name),
    protocol,
    listen: listen ?? NO_PORTS,
    ...(interval === null ? upstream : listOfOne(upstream)),
    preferIpv6: table.bool("prefer_ipv6") ?? defaults.preferIpv6,
    healthCheckIntervalSecs: interval,
    sniPattern: readSni(table, { protocol, listen }),
    limits: readLimits(table),
    ownerId: null,
  };
  return { name, spec, udp: readUdp(table, defaults) };
}

function readProtocol(table: TableReader, defaults: RuleDefaults): Protocol {
  const text = table.string("protocol") ?? defaults.protocol;
  const protocol = PROTOCOLS.find((it) => it === text);
  if (protocol !== undefined) return protocol;
  const message = `unknown protocol "${text}"; expected one of: tcp, udp`;
  if (table.has("protocol")) table.valueProblem("protocol", message);
  else table.problems.addValue(defaults.protocolPath, message);
  return "tcp";
}

/** Notes it unless exactly one of two keys is there; whether it is. */
function exactlyOne(table: TableReader, one: string, other: string): boolean {
  if (table.has(one) !== table.has(other)) return true;
  const found = table.has(one) ? "not both" : "there is neither";
  const where = table.has(one) ? other : "name";
  table.problem(where, `exactly one of \`${one}\` and \`${other}\` is needed, ${found}`);
  return false;
}

function readListen(table: TableReader, name: string): PortRange | null {
  if (!exactlyOne(table, "listen_port", "listen_ports")) return null;
  if (table.has("listen_port")) {
    const port = table.integer("listen_port", { min: 1n, max: U16_MAX });
    return port === undefined ? null : portRange(Number(port));
  }
  const text = table.string("listen_ports");
  if (text === undefined) return null;
  const range = parseRange(text);
  if (range === null) {
    const expected = 'expected "port" or "low-high" with 1 <= low <= high <= 65535';
    table.problem("listen_ports", `port range string invalid in rule "${name}": ${expected}`);
  }
  return range;
}

/** `port` or `low-high`, with spaces around the numbers. */
function parseRange(text: string): PortRange | null {
  const [low = null, high = low, ...more] = text.split("-").map((it) => parsePortNumber(it.trim()));
  if (low === null || high === null || more.length > 0 || low < 1 || high < low) return null;
  return { start: low, end: high };
}

function readUpstream(table: TableReader, name: string, listen: PortRange | null): Upstream {
  if (!exactlyOne(table, "target", "targets")) return NO_UPSTREAM;
  return table.has("target") ? readTarget(table, name, listen) : readTargets(table, listen);
}

function readTarget(table: TableReader, name: string, listen: PortRange | null): Upstream {
  const text = table.string("target");
  if (text === undefined) return NO_UPSTREAM;
  const parts = splitHostPort(text);
  const targetPorts = parts && parseRange(parts.port);
  if (parts === null || targetPorts === null) {
    const expected = 'expected "host:port", "host:low-high" or "[IPv6]:port"';
    table.problem("target", `target parse error in rule "${name}": "${text}": ${expected}`);
    return NO_UPSTREAM;
  }
  if (listen !== null && rangeLength(listen) !== rangeLength(targetPorts)) {
    table.problem(
      "target",
      `range size mismatch: listen has ${rangeLength(listen)} ports, ` +
        `target has ${rangeLength(targetPorts)}`,
    );
  }
  return { targetHost: readHost(table, "target", parts.host), targetPorts, targets: [] };
}

function readTargets(table: TableReader, listen: PortRange | null): Upstream {
  const rows = table.tables("targets", TARGET_KEYS);
  if (rows === undefined) return NO_UPSTREAM;
  if (rows.length === 0) table.problem("targets", "`targets` needs at least one entry");
  if (listen !== null && rangeLength(listen) > 1) {
    table.problem("targets", "a multi-target rule listens on a single port, not on a range");
  }
  const targets = rows.map(readTargetRow);
  const [first] = targets;
  if (first === undefined) return NO_UPSTREAM;
  const { host, port } = first;
  return { targetHost: host, targetPorts: { start: port, end: port }, targets };
}

function readTargetRow(row: TableReader): RuleTarget {
  for (const key of ["host", "port"]) {
    if (!row.has(key)) row.problem(key, `toml parse error: missing field \`${key}\``);
  }
  const host = row.string("host");
  return {
    host: host === undefined ? "" : readHost(row, "host", host),
    port: Number(row.integer("port", { min: 1n, max: U16_MAX }) ?? 1n),
    priority: Number(row.integer("priority", { max: U32_MAX }) ?? 0n),
    proxyProtocol: readProxyVersion(row),
  };
}

function readHost(table: TableReader, key: string, text: string): string {
  return checked(() => parseTargetHost(text), (why) => table.valueProblem(key, why)) ?? "";
}

function readProxyVersion(row: TableReader): ProxyVersion | null {
  const text = row.string("proxy_protocol");
  const version = PROXY_VERSIONS.find((it) => it === text) ?? null;
  if (text !== undefined && version === null) {
    row.valueProblem("proxy_protocol", `unknown PROXY version "${text}"; expected "v1" or "v2"`);
  }
  return version;
}

function readInterval(table: TableReader, listen: PortRange | null): number | null {
  const key = "health_check_interval_secs";
  const max = BigInt(RULES.healthCheckIntervalMaxSecs);
  const interval = table.integer(key, { min: 1n, max });
  if (interval === undefined) return null;
  if (listen !== null && rangeLength(listen) > 1) {
    table.problem(key, "health checks need a single listen port");
  }
  return Number(interval);
}

/** Only targets of a list have a health. */
function listOfOne(upstream: Upstream): Upstream {
  if (upstream.targets.length > 0 || rangeLength(upstream.targetPorts) > 1) return upstream;
  const { targetHost: host, targetPorts: { start: port } } = upstream;
  return { ...upstream, targets: [{ host, port, priority: 0, proxyProtocol: null }] };
}

function readSni(
  table: TableReader,
  { protocol, listen }: { readonly protocol: Protocol; readonly listen: PortRange | null },
): string | null {
  const text = table.string("sni_pattern");
  if (text === undefined) return null;
  if (protocol !== "tcp" || (listen !== null && rangeLength(listen) > 1)) {
    table.problem("sni_pattern", "sni_pattern needs protocol tcp and a single listen port");
  }
  return checked(() => parseSniPattern(text), (why) => table.problem("sni_pattern", why)) ?? null;
}

function readLimits(table: TableReader): RateLimit | null {
  const names = RATE_LIMIT_FIELDS.map(({ name }) => name);
  const caps = table.table("rate_limit", names);
  if (caps === undefined) return null;
  const limits = rateLimitFromJson(Object.fromEntries(
    RATE_LIMIT_FIELDS.map(({ name, bits }) => [
      name,
      caps.integer(name, { max: bits === 64 ? U64_MAX : U32_MAX }),
    ]),
  ));
  checked(() => checkRateLimit(limits), (why) => table.problem("rate_limit", why));
  return hasCaps(limits) ? limits : null;
}

function readUdp(table: TableReader, defaults: RuleDefaults): FileRule["udp"] {
  const flowsMax = table.integer("udp_max_flows", { max: U32_MAX }) ?? defaults.udpFlowsMax;
  const idle = table.integer("udp_flow_idle_secs", { max: U32_MAX }) ?? defaults.udpIdleSecs;
  return {
    flowsMax: Number(flowsMax ?? 0n) || FORWARD.udpFlowsMaxDefault,
    idleMs: Math.min(
      Number(idle ?? 0n) || FORWARD.udpIdleSecsDefault,
      STANDALONE.timerMaxSecs,
    ) * 1_000,
  };
}

/** What `parse` gives, or nothing after its refusal was reported. */
function checked<T>(parse: () => T, report: (why: string) => void): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    report(error.message);
    return undefined;
  }
}
