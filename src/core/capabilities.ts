/**
 * What a client must be able to do before it is sent a rule, a cap or a quota.
 *
 * @module
 */

import { PortunusError } from "./errors.ts";
import type { ErrorCode } from "./errors.ts";
import type { Protocol, RuleSpec } from "./rule.ts";
import { atLeast } from "./version.ts";
import type { MajorMinor } from "./version.ts";

/** What is known of a client. */
export interface ClientCapabilities {
  /** Display name, for messages. */
  readonly name: string;
  /** As its Hello says; `null` when it does not say, or when the client is not connected. */
  readonly version: string | null;
  readonly protocols: ReadonlySet<Protocol>;
}

interface Gate {
  readonly least: MajorMinor;
  readonly code: ErrorCode;
  /** Whether a new rule passes when the client's version is not known. A replay never does. */
  readonly passesUnknown: boolean;
}

/** The gates that compare versions. Those of rules are checked in this order. */
export const GATES = {
  multi_target: {
    least: { major: 0, minor: 7 },
    code: "multi_target_unsupported_by_client",
    passesUnknown: true,
  },
  sni: { least: { major: 0, minor: 9 }, code: "sni_unsupported_by_client", passesUnknown: true },
  proxy_protocol: {
    least: { major: 0, minor: 10 },
    code: "proxy_protocol_unsupported_by_client",
    passesUnknown: false,
  },
  rate_limit: {
    least: { major: 0, minor: 11 },
    code: "rate_limit_unsupported_by_client",
    passesUnknown: false,
  },
  quota: {
    least: { major: 1, minor: 4 },
    code: "quota_unsupported_by_client",
    passesUnknown: false,
  },
} as const satisfies Record<string, Gate>;

/** The parts of a rule that gates look at. */
export type GatedRule = Pick<RuleSpec, "protocol" | "targets" | "sniPattern" | "limits">;

/**
 * Why `rule`, newly posted, cannot run on `client`; `null` when it can. UDP is not looked at: see
 * {@linkcode gateForProtocol}, which comes after the question whether the client is connected.
 */
export function gateForPush(rule: GatedRule, client: ClientCapabilities): PortunusError | null {
  for (const gate of gatesOf(rule)) {
    if (client.version === null && gate.passesUnknown) continue;
    const refusal = refuse(gate, client);
    if (refusal) return refusal;
  }
  return null;
}

/** Why a stored `rule` cannot be replayed to `client`, which is connected; `null` when it can. */
export function gateForReplay(rule: GatedRule, client: ClientCapabilities): PortunusError | null {
  const refusal = gateForProtocol(rule.protocol, client);
  if (refusal) return refusal;
  for (const gate of gatesOf(rule)) {
    const refusal = refuse(gate, client);
    if (refusal) return refusal;
  }
  return null;
}

/** Why `client` cannot run rules of `protocol`; only UDP is gated. */
export function gateForProtocol(
  protocol: Protocol,
  client: ClientCapabilities,
): PortunusError | null {
  if (protocol !== "udp" || client.protocols.has("udp")) return null;
  return new PortunusError(
    "unsupported_protocol",
    `client ${client.name} does not support protocol udp`,
  );
}

/** Why `client` cannot be given an owner's caps; `null` when it can. */
export function gateForOwnerCap(client: ClientCapabilities): PortunusError | null {
  return refuse(GATES.rate_limit, client);
}

/** Why `client` cannot be given a quota; `null` when it can. */
export function gateForQuota(client: ClientCapabilities): PortunusError | null {
  if (meets(GATES.quota, client)) return null;
  const { least, code } = GATES.quota;
  return new PortunusError(
    code,
    `target client ${client.name} client_version ${client.version ?? "unknown"} < ${text(least)}`,
  );
}

function gatesOf({ targets, sniPattern, limits }: GatedRule): Gate[] {
  const gates: Gate[] = [];
  if (targets.length >= 2) gates.push(GATES.multi_target);
  if (sniPattern !== null) gates.push(GATES.sni);
  if (targets.some((target) => target.proxyProtocol !== null)) gates.push(GATES.proxy_protocol);
  if (limits !== null) gates.push(GATES.rate_limit);
  return gates;
}

function meets(gate: Gate, { version }: ClientCapabilities): boolean {
  return version !== null && atLeast(version, gate.least);
}

function refuse(gate: Gate, client: ClientCapabilities): PortunusError | null {
  if (meets(gate, client)) return null;
  const version = client.version ?? "unknown";
  return new PortunusError(
    gate.code,
    `client ${client.name} (version ${version}) requires >= ${text(gate.least)}`,
  );
}

const text = ({ major, minor }: MajorMinor): string => `${major}.${minor}.0`;
