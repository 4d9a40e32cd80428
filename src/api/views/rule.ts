/**
 * Rules and their counters as JSON.
 *
 * @module
 */

import { toJsonText } from "../../core/instant.ts";
import { rangeLength } from "../../core/ports.ts";
import { rateLimitToJson } from "../../core/rate_limit.ts";
import type { RuleState, RuleTarget } from "../../core/rule.ts";
import type { StoredRule } from "../../store/rules.ts";
import type { RuleStatsSnapshot } from "../../traffic/rule_stats.ts";
import type { PerTargetStats } from "../../wire/gen/portunus/v1/portunus_pb.ts";

/** A rule as `GET /v1/rules` lists it. */
export function ruleView(rule: StoredRule, snapshot: RuleStatsSnapshot | undefined) {
  const ranged = rangeLength(rule.listen) > 1;
  return {
    id: rule.id,
    client_id: rule.clientId,
    client_name: rule.clientName,
    listen_port: rule.listen.start,
    listen_port_end: ranged ? rule.listen.end : undefined,
    target_host: rule.targetHost,
    target_port: rule.targetPorts.start,
    target_port_end: ranged ? rule.targetPorts.end : undefined,
    prefer_ipv6: rule.preferIpv6,
    protocol: rule.protocol,
    state: rule.state,
    created_at: toJsonText(rule.createdAt),
    last_state_change_at: toJsonText(rule.updatedAt),
    owner_user_id: rule.ownerId,
    targets: targetsOf(rule).map((target, index) => ({
      host: target.host,
      port: target.port,
      priority: target.priority,
      proxy_protocol: target.proxyProtocol,
      health: healthView(snapshot?.stats.perTarget.find((it) => it.index === index)),
    })),
    health_check_interval_secs: rule.healthCheckIntervalSecs ?? undefined,
    ...optionalParts(rule),
  };
}

/** A rule as `POST` and `PUT` answer with it. */
export function pushView(rule: StoredRule, callerId: string) {
  return {
    rule_id: rule.id,
    status: statusText(rule.state),
    target_host: rule.targetHost,
    prefer_ipv6: rule.preferIpv6,
    protocol: rule.protocol,
    owner: callerId,
    ...optionalParts(rule),
  };
}

/** A rule's counters; `include` says what the caller asked for beyond the totals. */
export function statsView(
  rule: StoredRule,
  { clientName, stats, updatedAt }: RuleStatsSnapshot,
  include: { readonly perPort: boolean; readonly perTarget: boolean },
) {
  const updated_at = toJsonText(updatedAt);
  return {
    rule_id: stats.ruleId,
    client_name: clientName,
    bytes_in: stats.bytesIn,
    bytes_out: stats.bytesOut,
    active_connections: stats.activeConnections,
    dns_failures: stats.dnsFailures,
    datagrams_in: stats.datagramsIn,
    datagrams_out: stats.datagramsOut,
    active_flows: stats.activeFlows,
    flows_dropped_overflow: stats.flowsDroppedOverflow,
    target_failovers_total: stats.targetFailoversTotal,
    per_target: include.perTarget || stats.perTarget.length > 0
      ? stats.perTarget.map(perTargetView)
      : undefined,
    updated_at,
    protocol: rule.protocol,
    per_port: include.perPort && stats.perPort.length > 0
      ? stats.perPort.toSorted((a, b) => a.listenPort - b.listenPort).map((port) => ({
        listen_port: port.listenPort,
        bytes_in: port.bytesIn,
        bytes_out: port.bytesOut,
        active_connections: port.activeConnections,
        datagrams_in: port.datagramsIn,
        datagrams_out: port.datagramsOut,
        updated_at,
      }))
      : undefined,
  };
}

/** The same for a stream of them: totals, and targets where they are asked for and there are any. */
export function statsEventView(
  rule: StoredRule,
  snapshot: RuleStatsSnapshot,
  { perTarget }: { readonly perTarget: boolean },
) {
  const { protocol: _protocol, per_port: _perPort, per_target, ...totals } = statsView(
    rule,
    snapshot,
    { perPort: false, perTarget: false },
  );
  return perTarget && per_target ? { ...totals, per_target } : totals;
}

/** The single-target form shows as a list of one. */
function targetsOf(rule: StoredRule): readonly RuleTarget[] {
  if (rule.targets.length > 0) return rule.targets;
  return [{
    host: rule.targetHost,
    port: rule.targetPorts.start,
    priority: 0,
    proxyProtocol: null,
  }];
}

function optionalParts(rule: StoredRule) {
  return {
    sni_pattern: rule.sniPattern ?? undefined,
    rate_limit: rule.limits === null ? undefined : rateLimitToJson(rule.limits),
  };
}

function statusText(state: RuleState): string {
  switch (state.kind) {
    case "pending":
      return "Pending";
    case "active":
      return "Active";
    case "failed":
      return `Failed:${state.reason}`;
    case "removed":
      return "Removed";
    default:
      return state satisfies never;
  }
}

function healthView(target: PerTargetStats | undefined) {
  return target === undefined ? null : {
    healthy: target.health === 0,
    consecutive_failures: target.consecutiveFailures,
    last_failure_at_unix_ms: target.lastFailureAtUnixMs,
    last_success_at_unix_ms: target.lastSuccessAtUnixMs,
  };
}

function perTargetView(target: PerTargetStats) {
  return {
    index: target.index,
    host: target.host,
    port: target.port,
    priority: target.priority,
    health: target.health,
    consecutive_failures: target.consecutiveFailures,
    last_failure_at_unix_ms: target.lastFailureAtUnixMs,
    last_success_at_unix_ms: target.lastSuccessAtUnixMs,
    bytes_in: target.bytesIn,
    bytes_out: target.bytesOut,
    connections_accepted: target.connectionsAccepted,
  };
}
