/**
 * Counters of rules as JSON.
 *
 * @module
 */

import { z } from "zod";
import { toJsonText } from "../../core/instant.ts";
import { u16, u32, u64 } from "../../core/integer_schemas.ts";
import type { StoredRule } from "../../store/rules.ts";
import type { RuleStatsSnapshot } from "../../traffic/rule_stats.ts";
import type { PerTargetStats } from "../../wire/gen/portunus/v1/portunus_pb.ts";
import { dateTime, protocol } from "./scalars.ts";

const TargetStatsView = z.object({
  index: u32,
  host: z.string(),
  port: u16,
  priority: u32,
  health: u32.meta({ description: "0 healthy, 1 failed." }),
  consecutive_failures: u32,
  last_failure_at_unix_ms: u64.meta({ description: "0 means never." }),
  last_success_at_unix_ms: u64.meta({ description: "0 means never." }),
  bytes_in: u64,
  bytes_out: u64,
  connections_accepted: u64,
}).meta({ id: "TargetStats" });

/** What a stream of counters has in each event. */
export const RuleStatsEventView = z.object({
  rule_id: u64,
  client_name: z.string(),
  bytes_in: u64.meta({ description: "To the target, since the rule was activated." }),
  bytes_out: u64.meta({ description: "From the target, since the rule was activated." }),
  active_connections: u32,
  dns_failures: u64,
  datagrams_in: u64,
  datagrams_out: u64,
  active_flows: u32,
  flows_dropped_overflow: u64,
  target_failovers_total: u64,
  per_target: z.array(TargetStatsView).optional(),
  updated_at: dateTime.meta({ description: "When the client's report came in." }),
}).meta({ id: "RuleStatsEvent" });

export const RuleStatsView = RuleStatsEventView.extend({
  protocol,
  per_port: z.array(z.object({
    listen_port: u16,
    bytes_in: u64,
    bytes_out: u64,
    active_connections: u32,
    datagrams_in: u64,
    datagrams_out: u64,
    updated_at: dateTime,
  })).optional(),
}).meta({ id: "RuleStats" });

/** A rule's counters; `include` says what the caller asked for beyond the totals. */
export function statsView(
  rule: StoredRule,
  { clientName, stats, updatedAt }: RuleStatsSnapshot,
  include: { readonly perPort: boolean; readonly perTarget: boolean },
): z.input<typeof RuleStatsView> {
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
): z.input<typeof RuleStatsEventView> {
  const { protocol: _protocol, per_port: _perPort, per_target, ...totals } = statsView(
    rule,
    snapshot,
    { perPort: false, perTarget: false },
  );
  return perTarget && per_target ? { ...totals, per_target } : totals;
}

function perTargetView(target: PerTargetStats): z.input<typeof TargetStatsView> {
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
