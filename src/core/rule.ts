/**
 * What a forwarding rule is. The server stores it, the wire carries it, the data plane runs it.
 *
 * @module
 */

import type { PortRange } from "./ports.ts";
import type { RateLimit } from "./rate_limit.ts";

export const PROTOCOLS = ["tcp", "udp"] as const;
export type Protocol = typeof PROTOCOLS[number];

export const PROXY_VERSIONS = ["v1", "v2"] as const;
export type ProxyVersion = typeof PROXY_VERSIONS[number];

/** One upstream of a rule that was given a list of targets. */
export interface RuleTarget {
  /** IPv4, `[IPv6]` or a host name. */
  readonly host: string;
  readonly port: number;
  /** Lower is preferred; ties go by list order. */
  readonly priority: number;
  /** The PROXY header sent first on each upstream connection, if any. */
  readonly proxyProtocol: ProxyVersion | null;
}

/** The immutable part of a rule. Only `limits` may change while a rule runs. */
export interface RuleSpec {
  /** Assigned by the server, from 0 (u64). */
  readonly id: bigint;
  readonly protocol: Protocol;
  readonly listen: PortRange;
  /** IPv4, `[IPv6]` or a host name; with `targets`, the host of the first. */
  readonly targetHost: string;
  /** As long as `listen`; with `targets`, the port of the first. */
  readonly targetPorts: PortRange;
  readonly preferIpv6: boolean;
  /** Empty for the single-target form; else 1 to 8 entries, in the order they were given. */
  readonly targets: readonly RuleTarget[];
  /** Seconds between active probes; `null` for passive checks only. */
  readonly healthCheckIntervalSecs: number | null;
  /** Lowercase host or `*.suffix`. */
  readonly sniPattern: string | null;
  readonly limits: RateLimit | null;
  /** The operator user the rule belongs to; `null` when a server does not say. */
  readonly ownerId: string | null;
}

/** A rule's life, as operators see it. `removed` is never stored. */
export type RuleState =
  | { readonly kind: "pending" }
  | { readonly kind: "active" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "removed" };
