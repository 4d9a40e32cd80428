import type { PortRange } from "../../src/core/ports.ts";
import type { RuleSpec } from "../../src/core/rule.ts";

const range = (ports: number | PortRange): PortRange =>
  typeof ports === "number" ? { start: ports, end: ports } : ports;

/** A plain TCP rule from `listen` to `target` on loopback; anything else as given. */
export function tcpRule(
  { listen, target, ...rest }:
    & { readonly listen: number | PortRange; readonly target: number | PortRange }
    & Partial<Omit<RuleSpec, "listen">>,
): RuleSpec {
  return {
    id: 1n,
    protocol: "tcp",
    listen: range(listen),
    targetHost: "127.0.0.1",
    targetPorts: range(target),
    preferIpv6: false,
    targets: [],
    healthCheckIntervalSecs: null,
    sniPattern: null,
    limits: null,
    ownerId: null,
    ...rest,
  };
}

/** A plain UDP rule from `listen` to `target` on loopback; anything else as given. */
export function udpRule(parts: Parameters<typeof tcpRule>[0]): RuleSpec {
  return tcpRule({ protocol: "udp", ...parts });
}
