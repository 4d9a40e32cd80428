import { portRange, rangeLength } from "../core/ports.ts";
import { rateLimitFromJson, type RateLimitJson } from "../core/rate_limit.ts";
import type { ProxyVersion } from "../core/rule.ts";
import type { RuleDraft } from "../core/rule_input.ts";
import type { RunningRule } from "./plan.ts";

/** A rule as `GET /v1/rules` shows it, as far as files of rules say the same. */
export interface ShownRule {
  readonly id: number | bigint;
  readonly client_name: string;
  readonly listen_port: number;
  readonly listen_port_end?: number | undefined;
  readonly target_host: string;
  readonly target_port: number;
  readonly target_port_end?: number | undefined;
  readonly prefer_ipv6: boolean;
  readonly protocol: string;
  readonly state: { readonly kind: string; readonly reason?: string | undefined };
  readonly owner_user_id: string | null;
  readonly targets: readonly {
    readonly host: string;
    readonly port: number;
    readonly priority: number;
    readonly proxy_protocol?: ProxyVersion | null | undefined;
  }[];
  readonly health_check_interval_secs?: number | undefined;
  readonly sni_pattern?: string | undefined;
  readonly rate_limit?: RateLimitJson | undefined;
}

/** A rule of the server, to be compared with those of a file. */
export function runningRule(rule: ShownRule): RunningRule {
  return {
    id: BigInt(rule.id),
    clientName: rule.client_name,
    ownerId: rule.owner_user_id,
    failure: rule.state.kind === "failed" ? rule.state.reason ?? "" : null,
    draft: draftOf(rule),
  };
}

function draftOf(rule: ShownRule): RuleDraft {
  const targetPorts = portRange(rule.target_port, rule.target_port_end);
  return {
    protocol: rule.protocol === "udp" ? "udp" : "tcp",
    listen: portRange(rule.listen_port, rule.listen_port_end),
    targetHost: rule.target_host,
    targetPorts,
    preferIpv6: rule.prefer_ipv6,
    targets: rangeLength(targetPorts) > 1
      ? []
      : rule.targets.map(({ host, port, priority, proxy_protocol }) => ({
        host,
        port,
        priority,
        proxyProtocol: proxy_protocol ?? null,
      })),
    healthCheckIntervalSecs: rule.health_check_interval_secs ?? null,
    sniPattern: rule.sni_pattern ?? null,
    limits: rule.rate_limit === undefined ? null : rateLimitFromJson(rule.rate_limit),
  };
}
