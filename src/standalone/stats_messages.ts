/**
 * What the stats socket says, line by line (spec `observability.md` §9): one {@linkcode Hello},
 * then a {@linkcode Snapshot} again and again. `health` and `limits_rejected` of a snapshot's
 * rule and `sni_pattern` of a hello's are additions to 3.1.0.
 *
 * @module
 */

import { formatRange } from "../core/ports.ts";
import type { ProxyVersion } from "../core/rule.ts";
import { VERSION } from "../core/version.ts";
import { REJECT_REASONS } from "../core/rate_limit.ts";
import { noRuleCounters, type RuleCounters } from "../forward/counters.ts";
import type { FileRule } from "./config.ts";
import type { ProcessFacts } from "./process_facts.ts";

export interface HelloTarget {
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly proxy_protocol: ProxyVersion | null;
}

export interface HelloRule {
  /** Unsigned 64-bit, decimal. */
  readonly id: string;
  readonly name: string;
  readonly proto: "tcp" | "udp";
  readonly listen: string;
  readonly targets: readonly HelloTarget[];
  readonly splice_capable: boolean;
  readonly udp_max_flows: number | null;
  readonly sni_pattern: string | null;
}

export interface Hello {
  readonly v: 1;
  readonly daemon_version: string;
  readonly daemon_started_at_ms: number;
  readonly refresh_ms: number;
  readonly rules: readonly HelloRule[];
}

/** The state of one entry of a rule's `targets`, in their order. */
export interface TargetHealth {
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly state: "healthy" | "failed";
  readonly consecutive_failures: number;
  readonly last_failure_at_ms: number | null;
  readonly last_success_at_ms: number | null;
  readonly in: number | bigint;
  readonly out: number | bigint;
  readonly conns_total: number | bigint;
}

/** Counters of one rule; those beyond 2^53 are read with a loss that no eye sees. */
export interface SnapshotRule {
  readonly id: string;
  readonly in: number | bigint;
  readonly out: number | bigint;
  readonly conns_active: number;
  readonly conns_total: number | bigint;
  readonly datagrams_in: number | bigint;
  readonly datagrams_out: number | bigint;
  readonly flows_active: number;
  readonly target_failovers_total: number | bigint;
  readonly err: Readonly<Record<string, number | bigint>>;
  /** Empty for rules without a list of targets. */
  readonly health: readonly TargetHealth[];
  /** Connections and flows that caps turned away. */
  readonly limits_rejected: number | bigint;
}

export interface Snapshot {
  readonly t_ms: number;
  readonly uptime_ms: number;
  readonly seq: number;
  readonly process: ProcessFacts;
  readonly r: readonly SnapshotRule[];
}

/** The first line. */
export function helloOf(options: {
  readonly rules: readonly FileRule[];
  readonly startedAtMs: number;
  readonly refreshMs: number;
}): Hello {
  return {
    v: 1,
    daemon_version: VERSION,
    daemon_started_at_ms: options.startedAtMs,
    refresh_ms: options.refreshMs,
    rules: options.rules.map(helloRule),
  };
}

function helloRule({ name, spec, udp }: FileRule): HelloRule {
  const single = [{
    host: spec.targetHost,
    port: spec.targetPorts.start,
    priority: 0,
    proxyProtocol: null,
  }];
  return {
    id: String(spec.id),
    name,
    proto: spec.protocol,
    listen: formatRange(spec.listen),
    targets: (spec.targets.length > 0 ? spec.targets : single).map((target) => ({
      host: target.host,
      port: target.port,
      priority: target.priority,
      proxy_protocol: target.proxyProtocol,
    })),
    splice_capable: spec.protocol === "tcp",
    udp_max_flows: spec.protocol === "udp" ? udp.flowsMax : null,
    sni_pattern: spec.sniPattern,
  };
}

/** One row per rule, in the order of `rules`. */
export function snapshotRules(
  rules: readonly FileRule[],
  counters: readonly RuleCounters[],
): SnapshotRule[] {
  const byId = new Map(counters.map((row) => [row.ruleId, row]));
  return rules.map(({ spec: { id } }) => snapshotRule(byId.get(id) ?? noRuleCounters(id)));
}

function snapshotRule(row: RuleCounters): SnapshotRule {
  const rejects = row.rateLimit?.rejects;
  return {
    id: String(row.ruleId),
    in: row.bytesIn,
    out: row.bytesOut,
    conns_active: row.activeConnections,
    conns_total: row.connectionsTotal,
    datagrams_in: row.datagramsIn,
    datagrams_out: row.datagramsOut,
    flows_active: row.activeFlows,
    target_failovers_total: row.targetFailovers,
    err: {
      ...row.errors,
      dns_failures: row.dnsFailures,
      flows_dropped_overflow: row.flowsDroppedOverflow,
    },
    health: row.perTarget.map((target) => ({
      host: target.host,
      port: target.port,
      priority: target.priority,
      state: target.health,
      consecutive_failures: target.consecutiveFailures,
      last_failure_at_ms: target.lastFailureAtMs,
      last_success_at_ms: target.lastSuccessAtMs,
      in: target.bytesIn,
      out: target.bytesOut,
      conns_total: target.connectionsAccepted,
    })),
    limits_rejected: rejects === undefined
      ? 0n
      : REJECT_REASONS.reduce((sum, reason) => sum + rejects[reason], 0n),
  };
}
