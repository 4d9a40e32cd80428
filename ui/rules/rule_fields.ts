/**
 * A rule as it stands in a form: everything is text, as typed.
 *
 * @module
 */

import { formatRange } from "../../src/core/ports.ts";
import { RATE_LIMIT_FIELDS, type RateLimitName } from "../../src/core/rate_limit.ts";
import type { Request } from "../api/client.ts";
import type { RateLimit, Rule } from "../api/types.ts";
import { quantityText } from "../components/quantity.ts";

export type Protocol = Rule["protocol"];
export type Proxy = "" | "v1" | "v2";

/** What `POST /v1/rules` takes. */
export type RuleBody = Request<"POST /v1/rules">["body"];

export interface TargetFields {
  readonly host: string;
  readonly port: string;
  /** Lower is tried first. */
  readonly priority: string;
  readonly proxy: Proxy;
}

/** Caps by their names in the API. */
export type CapFields = Readonly<Record<RateLimitName, string>>;

export interface RuleFields {
  readonly clientId: string;
  readonly protocol: Protocol;
  readonly listenStart: string;
  readonly listenEnd: string;
  /** Whether the rule has a list of targets; else the first of `targets` is all there is. */
  readonly isMulti: boolean;
  readonly targets: readonly TargetFields[];
  /** Of a single target. */
  readonly targetEnd: string;
  readonly preferIpv6: boolean;
  /** Seconds between probes; empty for passive checks. */
  readonly interval: string;
  readonly sni: string;
  readonly caps: CapFields;
}

export const NO_CAPS: CapFields = {
  bandwidth_in_bps: "",
  bandwidth_out_bps: "",
  new_connections_per_sec: "",
  concurrent_connections: "",
  bandwidth_in_burst: "",
  bandwidth_out_burst: "",
  new_connections_burst: "",
};

/** A target that nobody typed anything into, to be tried after `count` others. */
export const emptyTarget = (count: number): TargetFields => ({
  host: "",
  port: "",
  priority: `${count}`,
  proxy: "",
});

/** What a form begins with. */
export const NEW_RULE: RuleFields = {
  clientId: "",
  protocol: "tcp",
  listenStart: "30000",
  listenEnd: "",
  isMulti: false,
  targets: [{ host: "127.0.0.1", port: "9000", priority: "0", proxy: "" }],
  targetEnd: "",
  preferIpv6: false,
  interval: "",
  sni: "",
  caps: NO_CAPS,
};

/** Which caps count bytes. */
export const isBandwidth = (name: RateLimitName): boolean => name.startsWith("bandwidth");

/** Caps as a form shows them. */
export function capFields(limits: RateLimit | undefined): CapFields {
  const caps: Record<RateLimitName, string> = { ...NO_CAPS };
  for (const { name } of RATE_LIMIT_FIELDS) {
    const value = limits?.[name];
    if (value === undefined) continue;
    const kind = name.endsWith("_bps") ? "rate" : "bytes";
    caps[name] = isBandwidth(name) ? quantityText(value, kind) : `${value}`;
  }
  return caps;
}

/** A rule that runs, as a form shows it. */
export function ruleFields(rule: Rule): RuleFields {
  const { start, end } = { start: rule.listen_port, end: rule.listen_port_end };
  return {
    clientId: rule.client_id,
    protocol: rule.protocol,
    listenStart: `${start}`,
    listenEnd: end === undefined ? "" : `${end}`,
    isMulti: rule.targets.length > 1,
    targets: rule.targets.map(({ host, port, priority, proxy_protocol }) => ({
      host,
      port: `${port}`,
      priority: `${priority}`,
      proxy: proxy_protocol ?? "",
    })),
    targetEnd: rule.target_port_end === undefined ? "" : `${rule.target_port_end}`,
    preferIpv6: rule.prefer_ipv6,
    interval: `${rule.health_check_interval_secs ?? ""}`,
    sni: rule.sni_pattern ?? "",
    caps: capFields(rule.rate_limit),
  };
}

/** Where a rule listens, as text. */
export const listenText = ({ listen_port, listen_port_end }: Rule): string =>
  formatRange({ start: listen_port, end: listen_port_end ?? listen_port });

/** Whether a name of a server may be asked for: TLS is TCP, and names share one port. */
export const mayHaveSni = ({ protocol, listenEnd }: RuleFields): boolean =>
  protocol === "tcp" && listenEnd.trim() === "";
