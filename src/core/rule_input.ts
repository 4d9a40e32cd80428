/**
 * From the body of `POST /v1/rules` to a checked rule.
 *
 * The order of the checks is contract (spec `http-api.md` §11.2): scripts see the first failure.
 * Whether the caller may push comes in the middle, so there are two phases: {@linkcode shapeOf}
 * before that question, {@linkcode completeRule} after it.
 *
 * @module
 */

import { parseTargetHost } from "./address.ts";
import { PortunusError } from "./errors.ts";
import { clientNameProblem } from "./ids.ts";
import { RULES } from "./limits.ts";
import { portRange, rangeLength } from "./ports.ts";
import type { PortRange } from "./ports.ts";
import { checkRateLimit, rateLimitFromJson } from "./rate_limit.ts";
import type { RateLimit } from "./rate_limit.ts";
import { PROTOCOLS, PROXY_VERSIONS } from "./rule.ts";
import type { Protocol, ProxyVersion, RuleSpec, RuleTarget } from "./rule.ts";
import type { RateLimitBody, RuleBody, TargetBody } from "./rule_body.ts";
import { parseSniPattern } from "./sni.ts";
import { checkTarget, checkTargets } from "./targets.ts";

export { RateLimitBody, RuleBody } from "./rule_body.ts";

/** A rule before the server gives it an id and an owner. */
export type RuleDraft = Omit<RuleSpec, "id" | "ownerId">;

/** A checked rule and the client it is for. */
export interface RuleInput {
  /** Display name. */
  readonly clientName: string;
  /** Which of several clients of that name; without it, the first that is connected. */
  readonly clientId?: string;
  readonly draft: RuleDraft;
  /** Whether the body had the single-target form (`target_host`, `target_port`). */
  readonly legacy: boolean;
}

/** A body that passed the first phase. */
export interface RuleShape {
  /** Display name. */
  readonly clientName: string;
  readonly protocol: Protocol;
  readonly listen: PortRange;
  readonly preferIpv6: boolean;
  readonly sniPattern: string | null;
  readonly limits: RateLimit | null;
  readonly upstream: SingleUpstream | ListedUpstreams;
}

/** The single-target form. Its host is checked in the second phase. */
interface SingleUpstream {
  readonly kind: "single";
  readonly host: string;
  readonly ports: PortRange;
}

interface ListedUpstreams {
  readonly kind: "list";
  readonly targets: readonly [RuleTarget, ...RuleTarget[]];
  readonly healthCheckIntervalSecs: number | null;
}

/**
 * Both phases at once, for callers who may push anything.
 *
 * @throws {PortunusError} as {@linkcode shapeOf} and {@linkcode completeRule} do
 */
export function ruleFromBody(body: RuleBody): RuleInput {
  return completeRule(shapeOf(body));
}

/** How long to wait for the client's answer, in seconds; bounded so that no request waits for ever. */
export function ackTimeoutSecs(body: RuleBody): number {
  const secs = Number(body.ack_timeout_secs ?? RULES.ackTimeoutDefaultSecs);
  return Math.min(secs, RULES.ackTimeoutMaxSecs);
}

/**
 * The first phase: everything up to the question whether the caller may push.
 *
 * @throws {PortunusError} the codes of steps 1–10, N1–N8 and L1–L5 without the host
 */
export function shapeOf(body: RuleBody): RuleShape {
  const listen = listenOf(body);
  const sniPattern = sniOf(body, listen);
  const limits = limitsOf(body);
  const upstream = body.targets ? listedUpstreams(body, body.targets) : singleUpstream(body);
  const problem = clientNameProblem(body.client);
  if (problem !== null) throw new PortunusError("invalid_name", problem);
  return {
    clientName: body.client,
    protocol: parseProtocol(protocolText(body)),
    listen,
    preferIpv6: body.prefer_ipv6 ?? false,
    sniPattern,
    limits,
    upstream,
  };
}

/**
 * The second phase, for callers who may push.
 *
 * @throws {PortunusError} `validation.proxy_protocol_on_unsupported_rule` (N10);
 * `target_invalid_host`, `target_invalid_port` (L4); `invalid_target_host*` (L5)
 */
export function completeRule({ clientName, upstream, ...rule }: RuleShape): RuleInput {
  const legacy = upstream.kind === "single";
  if (legacy && rule.sniPattern === null) {
    const single = {
      targetHost: parseTargetHost(upstream.host),
      targetPorts: upstream.ports,
      targets: [],
      healthCheckIntervalSecs: null,
    };
    return { clientName, draft: { ...rule, ...single }, legacy };
  }
  const { targets, healthCheckIntervalSecs } = legacy ? listOfOne(upstream) : upstream;
  if (rule.protocol === "udp" && targets.some((target) => target.proxyProtocol !== null)) {
    throw new PortunusError(
      "validation.proxy_protocol_on_unsupported_rule",
      "proxy_protocol needs protocol tcp",
    );
  }
  const [{ host, port }] = targets;
  const list = { targetHost: host, targetPorts: portRange(port), targets, healthCheckIntervalSecs };
  return { clientName, draft: { ...rule, ...list }, legacy };
}

/**
 * Steps 1 to 4: the form is clear and the listen range is sound. Returns the range.
 *
 * @throws {PortunusError} `rule_shape_conflict`, `rule_shape_missing`, `range_invalid`
 */
export function listenOf(body: RuleBody): PortRange {
  const isSingle = isGiven(body.target_host) || isGiven(body.target_port);
  const isList = isGiven(body.targets);
  if (isSingle && isList) {
    throw new PortunusError("rule_shape_conflict", "give target_host and target_port, or targets");
  }
  if (!isSingle && !isList) {
    throw new PortunusError("rule_shape_missing", "give target_host and target_port, or targets");
  }
  if (isGiven(body.listen_port_end) !== isGiven(body.target_port_end)) {
    throw new PortunusError(
      "range_invalid",
      "mismatched_range: listen_port_end and target_port_end go together",
    );
  }
  return portRange(body.listen_port, body.listen_port_end ?? undefined);
}

/** The protocol as written; TCP where it is not. Not checked. */
export function protocolText(body: RuleBody): string {
  return (body.protocol ?? "tcp").toLowerCase();
}

/** Steps 7 to 10. */
export function limitsOf({ rate_limit }: RuleBody): RateLimit | null {
  if (!isGiven(rate_limit)) return null;
  refuseReservedBurst(rate_limit);
  const limits = rateLimitFromJson(rate_limit);
  checkRateLimit(limits);
  return limits;
}

/**
 * There is no burst of concurrency; its name is kept for later.
 *
 * @throws {PortunusError} `validation.rate_limit_burst_unsupported`
 */
export function refuseReservedBurst(body: RateLimitBody): void {
  if (!isGiven(body.concurrent_connections_burst)) return;
  throw new PortunusError(
    "validation.rate_limit_burst_unsupported",
    "concurrent_connections_burst is not supported",
  );
}

const isGiven = <T>(value: T): value is NonNullable<T> => value !== undefined && value !== null;

/** Steps 5 and 6. */
function sniOf(body: RuleBody, listen: PortRange): string | null {
  if (!isGiven(body.sni_pattern)) return null;
  if (protocolText(body) !== "tcp" || rangeLength(listen) > 1) {
    throw new PortunusError(
      "validation.sni_on_unsupported_rule",
      "sni_pattern needs protocol tcp and a single listen port",
    );
  }
  return parseSniPattern(body.sni_pattern);
}

/** Steps N1 to N6. */
function listedUpstreams(body: RuleBody, entries: readonly TargetBody[]): ListedUpstreams {
  const interval = body.health_check_interval_secs ?? null;
  if (interval !== null && (interval === 0 || interval > RULES.healthCheckIntervalMaxSecs)) {
    throw new PortunusError(
      "health_check_interval_out_of_range",
      `${interval} seconds out of range (1..=${RULES.healthCheckIntervalMaxSecs})`,
    );
  }
  const targets = checkTargets(entries.map((entry, index) => ({
    host: entry.host,
    port: entry.port,
    priority: entry.priority ?? index,
    proxyProtocol: parseProxyVersion(entry.proxy_protocol ?? "", index),
  })));
  return { kind: "list", targets, healthCheckIntervalSecs: interval };
}

function parseProxyVersion(text: string, index: number): ProxyVersion | null {
  const name = text.trim().toLowerCase();
  if (name === "") return null;
  const version = PROXY_VERSIONS.find((known) => known === name);
  if (version !== undefined) return version;
  throw new PortunusError(
    "validation.proxy_protocol_invalid",
    `target ${index} has proxy_protocol "${text}"; expected one of: ${PROXY_VERSIONS.join(", ")}`,
  );
}

/** Steps L1 to L3. */
function singleUpstream(body: RuleBody): SingleUpstream {
  if (isGiven(body.rate_limit)) {
    throw new PortunusError("validation.rate_limit_on_legacy_shape", "rate_limit needs targets");
  }
  if (!isGiven(body.target_host) || !isGiven(body.target_port)) {
    throw new PortunusError("rule_shape_missing", "target_host and target_port go together");
  }
  const ports = portRange(body.target_port, body.target_port_end ?? undefined);
  return { kind: "single", host: body.target_host, ports };
}

/** Step L4: SNI rules always carry a list. */
function listOfOne({ host, ports }: SingleUpstream): ListedUpstreams {
  const port = ports.start;
  const target = { host: checkTarget({ host, port }, 0), port, priority: 0, proxyProtocol: null };
  return { kind: "list", targets: [target], healthCheckIntervalSecs: null };
}

/** Step N8. */
function parseProtocol(text: string): Protocol {
  const protocol = PROTOCOLS.find((known) => known === text);
  if (protocol !== undefined) return protocol;
  throw new PortunusError(
    "invalid_protocol",
    `unknown protocol "${text}"; expected one of: ${PROTOCOLS.join(", ")}`,
  );
}
