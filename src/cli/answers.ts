/**
 * What the API answers, as far as the commands use it. Anything else in an answer is ignored, so
 * a newer server does not break an older command line.
 *
 * @module
 */

import { z } from "zod";
import { parseInstant } from "../core/instant.ts";
import type { Json } from "../core/json.ts";

function isInstant(text: string): boolean {
  try {
    parseInstant(text);
    return true;
  } catch {
    return false;
  }
}

/** An integer that may exceed 2^53. */
const integer = z.union([z.int(), z.bigint()]);
const instant = z.string().refine(isInstant, { error: "expected an RFC 3339 date-time" });
const proxyVersion = z.enum(["v1", "v2"]);

export const ClientAnswer = z.object({
  client_id: z.string(),
  client_name: z.string(),
  connected: z.boolean(),
  client_address: z.string().nullable(),
  remote_addr: z.string().nullable(),
  connected_at: instant.nullable(),
});
export const ClientsAnswer = z.array(ClientAnswer);

export const CreatedRuleAnswer = z.object({ rule_id: integer });

/** Members in the order `list-rules --format json` prints them. */
const RateLimitAnswer = z.object({
  bandwidth_in_bps: integer.optional(),
  bandwidth_out_bps: integer.optional(),
  new_connections_per_sec: z.int().optional(),
  concurrent_connections: z.int().optional(),
  bandwidth_in_burst: integer.optional(),
  bandwidth_out_burst: integer.optional(),
  new_connections_burst: z.int().optional(),
});

/** Members in the order `list-rules --format json` prints them. */
export const RulesAnswer = z.array(z.object({
  id: integer,
  client_id: z.string(),
  client_name: z.string(),
  listen_port: z.int(),
  listen_port_end: z.int().optional(),
  target_host: z.string(),
  target_port: z.int(),
  target_port_end: z.int().optional(),
  prefer_ipv6: z.boolean(),
  protocol: z.string(),
  state: z.object({ kind: z.string(), reason: z.string().optional() }),
  created_at: z.string(),
  last_state_change_at: z.string(),
  owner_user_id: z.string(),
  targets: z.array(z.object({
    host: z.string(),
    port: z.int(),
    priority: z.int(),
    proxy_protocol: proxyVersion.nullish().transform((value) => value ?? undefined),
  })),
  health_check_interval_secs: z.int().optional(),
  sni_pattern: z.string().optional(),
  rate_limit: RateLimitAnswer.optional(),
}));
export type RuleAnswer = z.output<typeof RulesAnswer>[number];

const PortStatsAnswer = z.object({
  listen_port: z.int(),
  bytes_in: integer,
  bytes_out: integer,
  active_connections: z.int(),
  datagrams_in: integer,
  datagrams_out: integer,
});

const TargetStatsAnswer = z.object({
  index: z.int(),
  host: z.string(),
  port: z.int(),
  priority: z.int(),
  health: z.int(),
  consecutive_failures: z.int(),
  last_failure_at_unix_ms: integer,
  last_success_at_unix_ms: integer,
  bytes_in: integer,
  bytes_out: integer,
  connections_accepted: integer,
});

export const RuleStatsAnswer = z.object({
  rule_id: integer,
  client_name: z.string(),
  protocol: z.string(),
  bytes_in: integer,
  bytes_out: integer,
  active_connections: z.int(),
  active_flows: z.int(),
  datagrams_in: integer,
  datagrams_out: integer,
  dns_failures: integer,
  flows_dropped_overflow: integer,
  target_failovers_total: integer,
  updated_at: instant,
  per_port: z.array(PortStatsAnswer).optional(),
  per_target: z.array(TargetStatsAnswer).optional(),
});
export type RuleStatsAnswer = z.output<typeof RuleStatsAnswer>;

export const OwnersAnswer = z.array(z.object({
  owner_id: z.string(),
  has_rate_limit: z.boolean(),
  rule_count: z.int(),
}));

export const OwnerCapAnswer = z.object({
  client_name: z.string(),
  owner_id: z.string(),
  rate_limit: RateLimitAnswer,
  updated_at_unix_ms: integer,
});
export type OwnerCapAnswer = z.output<typeof OwnerCapAnswer>;

/** Times are seconds since the Unix epoch. */
export const QuotaAnswer = z.object({
  user_id: z.string(),
  client_name: z.string(),
  monthly_bytes: integer,
  current_period_bytes_used: integer,
  current_period_ends_at: integer,
  exhausted: z.boolean(),
});

export const SiteAnswer = z.object({
  id: z.string(),
  name: z.string(),
  fqdn: z.string(),
  owner: z.string().nullable(),
  protected: z.boolean(),
  dns_verified: z.boolean(),
  cert: z.object({ status: z.string() }),
  total_size: z.int(),
});

export const SiteFileAnswer = z.object({
  name: z.string(),
  type: z.string(),
  size: z.int().nullable(),
  modified_at: z.string(),
});

const AuditEntries = z.array(z.object({
  timestamp: instant,
  actor: z.string(),
  role: z.string().optional(),
  method: z.string(),
  path: z.string(),
  outcome: z.string(),
  reason: z.string().optional(),
  action: z.string().optional(),
  resource_kind: z.string().optional(),
  resource_value: z.string().optional(),
  details: z.custom<Json>().optional(),
}));
export type AuditEntry = z.output<typeof AuditEntries>[number];

/** The entries, which come as a bare list or, when a time was asked for, as a page. */
export const AuditAnswer = z.union([
  AuditEntries.transform((entries) => ({ entries, next_cursor: undefined })),
  z.object({ entries: AuditEntries, next_cursor: z.string().optional() }),
]);
