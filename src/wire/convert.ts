/**
 * Rules between the domain and the wire.
 *
 * @module
 */

import { create } from "@bufbuild/protobuf";
import { parseTargetHost } from "../core/address.ts";
import { PortunusError } from "../core/errors.ts";
import { isPort, PORT_MAX, type PortRange, rangeLength } from "../core/ports.ts";
import type { ProxyVersion, RuleSpec, RuleTarget } from "../core/rule.ts";
import {
  Protocol,
  ProxyProtocolVersion,
  type Rule,
  RuleSchema,
  type Target,
  TargetSchema,
} from "./gen/portunus/v1/portunus_pb.ts";
import { rateLimitFromWire, rateLimitToWire } from "./rate_limit.ts";

export { rateLimitFromWire, rateLimitToWire } from "./rate_limit.ts";

/** What the wire says of a rule and {@linkcode RuleSpec} does not. */
export interface RuleWireOptions {
  /**
   * The preference as it was posted or stored, where absent and false differ.
   * @default present only when true
   */
  readonly preferIpv6?: boolean | null;
}

/** The rule of a PUSH, be it new, replayed or updated (spec `wire.md` §1.6). */
export function ruleToWire(spec: RuleSpec, options: RuleWireOptions = {}): Rule {
  return create(RuleSchema, {
    ...placement(spec, options),
    protocol: spec.protocol === "udp" ? Protocol.UDP : Protocol.TCP,
    targets: spec.targets.map(targetToWire),
    healthCheckIntervalSecs: spec.healthCheckIntervalSecs ?? 0,
    ...(spec.sniPattern !== null && { sniPattern: spec.sniPattern }),
    ...(spec.limits !== null && { rateLimit: rateLimitToWire(spec.limits) }),
    ...(spec.ownerId !== null && { ownerId: spec.ownerId }),
  });
}

/**
 * The rule of a REMOVE. Clients read its id alone; the rest is what 3.1.0 sends, which names TCP
 * whatever the protocol.
 */
export function removeToWire(spec: RuleSpec, options: RuleWireOptions = {}): Rule {
  return create(RuleSchema, { ...placement(spec, options), protocol: Protocol.TCP });
}

function placement(spec: RuleSpec, options: RuleWireOptions) {
  const preferIpv6 = options.preferIpv6 === undefined
    ? spec.preferIpv6 || null
    : options.preferIpv6;
  return {
    ruleId: spec.id,
    listenPort: spec.listen.start,
    listenPortEnd: endToWire(spec.listen),
    targetHost: spec.targetHost,
    targetPort: spec.targetPorts.start,
    targetPortEnd: endToWire(spec.targetPorts),
    ...(preferIpv6 !== null && { preferIpv6 }),
  };
}

const endToWire = ({ start, end }: PortRange): number => start === end ? 0 : end;

function targetToWire({ host, port, priority, proxyProtocol }: RuleTarget): Target {
  return create(TargetSchema, {
    host,
    port,
    priority,
    ...(proxyProtocol !== null && { proxyProtocol: proxyToWire(proxyProtocol) }),
  });
}

function proxyToWire(version: ProxyVersion): ProxyProtocolVersion {
  return version === "v1" ? ProxyProtocolVersion.V1 : ProxyProtocolVersion.V2;
}

/** A rule, or the reason of the FAILED status that answers it. */
export type ReadRule =
  | { readonly ok: true; readonly spec: RuleSpec }
  | { readonly ok: false; readonly reason: string };

/** Checks a pushed rule as a client does (spec `wire.md` §6.1, steps 4 to 7). */
export function ruleFromWire(rule: Rule): ReadRule {
  const listen = rangeFromWire(rule.listenPort, rule.listenPortEnd);
  const target = rangeFromWire(rule.targetPort, rule.targetPortEnd);
  const targetPorts = listen && target && targetRange(rule, { listen, target });
  if (!listen || !targetPorts) return { ok: false, reason: "range_invalid" };
  const targetHost = hostFromWire(rule.targetHost);
  if (targetHost === null) return { ok: false, reason: "invalid_target_host" };
  const targets: RuleTarget[] = [];
  for (const [index, target] of rule.targets.entries()) {
    const host = hostFromWire(target.host);
    if (host === null) return { ok: false, reason: "invalid_target_host" };
    if (!isPort(target.port)) return { ok: false, reason: `target_invalid_port:${index}` };
    const { port, priority } = target;
    targets.push({ host, port, priority, proxyProtocol: proxyFromWire(target.proxyProtocol) });
  }
  return {
    ok: true,
    spec: {
      id: rule.ruleId,
      protocol: rule.protocol === Protocol.UDP ? "udp" : "tcp",
      listen,
      targetHost,
      targetPorts,
      preferIpv6: rule.preferIpv6 ?? false,
      targets,
      healthCheckIntervalSecs: rule.healthCheckIntervalSecs || null,
      sniPattern: rule.sniPattern ?? null,
      limits: rule.rateLimit === undefined ? null : rateLimitFromWire(rule.rateLimit),
      ownerId: rule.ownerId ?? null,
    },
  };
}

/** An end of 0, or one that is no port, means that there is only the start. */
function rangeFromWire(start: number, end: number): PortRange | null {
  if (!isPort(start)) return null;
  const range = { start, end: isPort(end) ? end : start };
  return range.end < range.start ? null : range;
}

/**
 * The ports that listen ports map to, one to one from the target's start, whatever end the wire
 * gives. A rule with a list of targets maps all of them to the target's port.
 */
function targetRange(
  rule: Rule,
  { listen, target }: { readonly listen: PortRange; readonly target: PortRange },
): PortRange | null {
  if (rule.targets.length > 0) return target;
  const end = target.start + rangeLength(listen) - 1;
  return end > PORT_MAX ? null : { start: target.start, end };
}

function hostFromWire(text: string): string | null {
  try {
    return parseTargetHost(text);
  } catch (error) {
    if (error instanceof PortunusError) return null;
    throw error;
  }
}

function proxyFromWire(version: ProxyProtocolVersion | undefined): ProxyVersion | null {
  switch (version) {
    case ProxyProtocolVersion.V1:
      return "v1";
    case ProxyProtocolVersion.V2:
      return "v2";
    default:
      return null;
  }
}
