/**
 * Rules as JSON.
 *
 * @module
 */

import { z } from "zod";
import { toJsonText } from "../../core/instant.ts";
import { u16, u32, u64 } from "../../core/integer_schemas.ts";
import { rangeLength } from "../../core/ports.ts";
import { rateLimitToJson } from "../../core/rate_limit.ts";
import type { RuleState, RuleTarget } from "../../core/rule.ts";
import type { StoredRule } from "../../store/rules.ts";
import type { RuleStatsSnapshot } from "../../traffic/rule_stats.ts";
import type { PerTargetStats } from "../../wire/gen/portunus/v1/portunus_pb.ts";
import { dateTime, protocol, ulid, userId } from "./scalars.ts";

/** Caps as they are shown: those that are not set are absent. */
export const RateLimitView = z.object({
  bandwidth_in_bps: u64.optional(),
  bandwidth_out_bps: u64.optional(),
  new_connections_per_sec: u32.optional(),
  concurrent_connections: u32.optional(),
  bandwidth_in_burst: u64.optional(),
  bandwidth_out_burst: u64.optional(),
  new_connections_burst: u32.optional(),
}).meta({ id: "RateLimit", description: "Bandwidth in bytes per second, bursts in bytes." });

const HealthView = z.object({
  healthy: z.boolean(),
  consecutive_failures: u32,
  last_failure_at_unix_ms: u64.meta({ description: "0 means never." }),
  last_success_at_unix_ms: u64.meta({ description: "0 means never." }),
});

const optionalParts = {
  sni_pattern: z.string().optional(),
  rate_limit: RateLimitView.optional(),
};

export const RuleView = z.object({
  id: u64,
  client_id: ulid,
  client_name: z.string(),
  listen_port: u16,
  listen_port_end: u16.optional().meta({ description: "Of rules that span a range only." }),
  target_host: z.string(),
  target_port: u16,
  target_port_end: u16.optional().meta({ description: "Of rules that span a range only." }),
  prefer_ipv6: z.boolean(),
  protocol,
  state: z.union([
    z.object({ kind: z.enum(["pending", "active", "removed"]) }),
    z.object({ kind: z.literal("failed"), reason: z.string() }),
  ]),
  created_at: dateTime,
  last_state_change_at: dateTime,
  owner_user_id: userId.nullable(),
  targets: z.array(z.object({
    host: z.string(),
    port: u16,
    priority: u32,
    proxy_protocol: z.enum(["v1", "v2"]).nullable(),
    health: HealthView.nullable(),
  })),
  health_check_interval_secs: u32.optional(),
  ...optionalParts,
}).meta({ id: "Rule" });

/** A rule as `POST` and `PUT` answer with it. */
export const PushedRuleView = z.object({
  rule_id: u64,
  status: z.string().meta({ description: "`Active`, `Pending` or `Failed:<reason>`." }),
  target_host: z.string(),
  prefer_ipv6: z.boolean(),
  protocol,
  owner: userId.meta({ description: "Who asked." }),
  ...optionalParts,
}).meta({ id: "PushedRule" });

/** A rule as `GET /v1/rules` lists it. */
export function ruleView(
  rule: StoredRule,
  snapshot: RuleStatsSnapshot | undefined,
): z.input<typeof RuleView> {
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
    ...optionalPartsOf(rule),
  };
}

/** A rule as `POST` and `PUT` answer with it. */
export function pushView(rule: StoredRule, callerId: string): z.input<typeof PushedRuleView> {
  return {
    rule_id: rule.id,
    status: statusText(rule.state),
    target_host: rule.targetHost,
    prefer_ipv6: rule.preferIpv6,
    protocol: rule.protocol,
    owner: callerId,
    ...optionalPartsOf(rule),
  };
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

function optionalPartsOf(rule: StoredRule) {
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
