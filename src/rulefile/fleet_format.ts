/**
 * Rules as a file that {@linkcode parseFleet} reads.
 *
 * @module
 */

import { stringify } from "smol-toml";
import { stringifyJson } from "../core/json.ts";
import { type PortRange, rangeLength } from "../core/ports.ts";
import { rateLimitToJson } from "../core/rate_limit.ts";
import type { RuleTarget } from "../core/rule.ts";
import type { RuleDraft } from "../core/rule_input.ts";

/** A rule as it runs. */
export interface ExportedRule {
  readonly clientName: string;
  readonly draft: RuleDraft;
}

/** The rules by client and port, in TOML or JSON, with a newline at the end. */
export function formatFleet(rules: readonly ExportedRule[], format: "toml" | "json"): string {
  const names = new Set<string>();
  const rule = rules.toSorted(byPlace).map((it) => tableOf(it, uniqueName(it, names)));
  if (format === "json") return `${stringifyJson({ rule }, 2)}\n`;
  return rule.length === 0 ? "" : `${stringify({ rule })}\n`.replace(/\n+$/, "\n");
}

function byPlace(a: ExportedRule, b: ExportedRule): number {
  const text = (it: ExportedRule) => [it.clientName, it.draft.protocol] as const;
  return text(a)[0].localeCompare(text(b)[0]) || a.draft.listen.start - b.draft.listen.start ||
    text(a)[1].localeCompare(text(b)[1]) ||
    (a.draft.sniPattern ?? "").localeCompare(b.draft.sniPattern ?? "");
}

/** A server's rules have no names; a file's do. */
function uniqueName({ clientName, draft }: ExportedRule, taken: Set<string>): string {
  const sni = draft.sniPattern === null ? "" : `-${draft.sniPattern}`;
  const base = `${clientName}-${draft.protocol}-${rangeText(draft.listen)}${sni}`;
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
  taken.add(name);
  return name;
}

/** `port` or `low-high`. */
export const rangeText = (range: PortRange): string =>
  rangeLength(range) === 1 ? `${range.start}` : `${range.start}-${range.end}`;

function tableOf({ clientName, draft }: ExportedRule, name: string): Record<string, unknown> {
  const { listen, targetHost, targetPorts, targets } = draft;
  const [only, ...others] = targets;
  const isPlain = only === undefined || (others.length === 0 && isPlainTarget(only));
  return {
    name,
    client: clientName,
    ...(draft.protocol === "tcp" ? {} : { protocol: draft.protocol }),
    ...(rangeLength(listen) === 1
      ? { listen_port: listen.start }
      : { listen_ports: rangeText(listen) }),
    ...(isPlain
      ? { target: `${targetHost}:${rangeText(targetPorts)}` }
      : { targets: targets.map(targetTable) }),
    ...(draft.preferIpv6 ? { prefer_ipv6: true } : {}),
    ...(draft.sniPattern === null ? {} : { sni_pattern: draft.sniPattern }),
    ...(draft.healthCheckIntervalSecs === null
      ? {}
      : { health_check_interval_secs: draft.healthCheckIntervalSecs }),
    ...(draft.limits === null ? {} : { rate_limit: rateLimitToJson(draft.limits) }),
  };
}

const isPlainTarget = ({ priority, proxyProtocol }: RuleTarget): boolean =>
  priority === 0 && proxyProtocol === null;

const targetTable = ({ host, port, priority, proxyProtocol }: RuleTarget) => ({
  host,
  port,
  ...(priority === 0 ? {} : { priority }),
  ...(proxyProtocol === null ? {} : { proxy_protocol: proxyProtocol }),
});
