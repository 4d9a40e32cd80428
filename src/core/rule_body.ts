/**
 * The JSON bodies that carry rules and caps. Only types and widths are checked here.
 *
 * @module
 */

import { z } from "zod";
import { u16, u32, u63, u64 } from "./integer_schemas.ts";

/** The caps of a rule or of an owner. `null` is the same as absent, unknown members are ignored. */
export const RateLimitBody = z.object({
  bandwidth_in_bps: u63.nullish(),
  bandwidth_out_bps: u63.nullish(),
  new_connections_per_sec: u32.nullish(),
  concurrent_connections: u32.nullish(),
  bandwidth_in_burst: u63.nullish(),
  bandwidth_out_burst: u63.nullish(),
  new_connections_burst: u32.nullish(),
  /** Reserved; refused with any value. */
  concurrent_connections_burst: u32.nullish(),
});
export type RateLimitBody = z.infer<typeof RateLimitBody>;

export const TargetBody = z.object({
  host: z.string(),
  port: u16,
  priority: u32.nullish(),
  proxy_protocol: z.string().nullish(),
});
export type TargetBody = z.infer<typeof TargetBody>;

/** The body of `POST` and `PUT /v1/rules`. `null` is the same as absent, unknown members are ignored. */
export const RuleBody = z.object({
  client: z.string(),
  listen_port: u16,
  listen_port_end: u16.nullish(),
  target_host: z.string().nullish(),
  target_port: u16.nullish(),
  target_port_end: u16.nullish(),
  protocol: z.string().nullish(),
  prefer_ipv6: z.boolean().nullish(),
  ack_timeout_secs: u64.nullish(),
  targets: z.array(TargetBody).nullish(),
  health_check_interval_secs: u32.nullish(),
  sni_pattern: z.string().nullish(),
  rate_limit: RateLimitBody.nullish(),
});
export type RuleBody = z.infer<typeof RuleBody>;
