/**
 * The rules of the fleet: what each kind is made of, and what is remembered of one.
 *
 * @module
 */

import { Absences } from "./absences.ts";

/** Every client has as many of each. */
export const KINDS = [
  "tcp",
  "udp",
  "several targets",
  "capped",
  "by name",
  "range",
  "failover",
  "PROXY header",
  "capped udp",
  "host name",
] as const;
export type Kind = (typeof KINDS)[number];

/** A rule under traffic. */
export interface FleetRule {
  readonly id: string;
  readonly kind: Kind;
  readonly ports: readonly number[];
  /** When it may have been closed. */
  readonly absences: Absences;
  /** Bytes that were given to it, whatever became of them. */
  sent: number;
  /** Bytes that came back. */
  returned: number;
}

/** Where everything is sent back, on 127.0.0.1. */
export interface FleetTargets {
  readonly tcp: number;
  /** The first of two. */
  readonly pair: number;
  readonly udp: number;
  /** Nobody listens there. */
  readonly refusing: number;
}

/** The server name of rules that go by one. */
export const SERVER_NAME = "soak.example.com";
const CAPPED_BPS = 50_000_000;

export const isUdp = (kind: Kind): boolean => kind === "udp" || kind === "capped udp";

/** How many ports a rule of this kind listens on. */
export const portsOf = (kind: Kind): number => kind === "range" ? 2 : 1;

export function newRule(id: string, kind: Kind, port: number): FleetRule {
  const ports = Array.from({ length: portsOf(kind) }, (_, i) => port + i);
  return { id, kind, ports, absences: new Absences(), sent: 0, returned: 0 };
}

/** The body of `POST /v1/rules`, but for the client. */
export function bodyOf(kind: Kind, port: number, to: FleetTargets): Record<string, unknown> {
  const common = { protocol: isUdp(kind) ? "udp" : "tcp", listen_port: port };
  const single = { ...common, target_host: "127.0.0.1", target_port: to.tcp };
  const target = { host: "127.0.0.1", port: to.tcp };
  switch (kind) {
    case "tcp":
      return single;
    case "udp":
      return { ...single, target_port: to.udp };
    case "several targets":
      return { ...common, targets: [target, { ...target, host: "localhost", priority: 1 }] };
    case "capped":
      return {
        ...common,
        targets: [target],
        rate_limit: { bandwidth_in_bps: CAPPED_BPS, concurrent_connections: 99 },
      };
    case "by name":
      return { ...common, targets: [target], sni_pattern: SERVER_NAME };
    case "range":
      return {
        ...single,
        listen_port_end: port + 1,
        target_port: to.pair,
        target_port_end: to.pair + 1,
      };
    case "failover":
      return {
        ...common,
        targets: [{ ...target, port: to.refusing }, { ...target, priority: 1 }],
      };
    case "PROXY header":
      return { ...common, targets: [{ ...target, proxy_protocol: "v1" }] };
    case "capped udp":
      return {
        ...common,
        targets: [{ ...target, port: to.udp }],
        rate_limit: { bandwidth_out_bps: CAPPED_BPS },
      };
    case "host name":
      return { ...single, target_host: "localhost" };
    default:
      return kind satisfies never;
  }
}
