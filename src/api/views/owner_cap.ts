/**
 * Owners of rules and caps on a client as JSON.
 *
 * @module
 */

import { z } from "zod";
import type { ClientOwner, NamedOwnerCap } from "../../control/owner_caps.ts";
import { u32, u64 } from "../../core/integer_schemas.ts";
import { rateLimitToJson } from "../../core/rate_limit.ts";
import { RateLimitView } from "./rule.ts";
import { userId } from "./scalars.ts";

export const ClientOwnerView = z.object({
  owner_id: userId,
  has_rate_limit: z.boolean(),
  rule_count: u32,
}).meta({ id: "ClientOwner" });

export const OwnerCapView = z.object({
  client_name: z.string(),
  owner_id: userId,
  rate_limit: RateLimitView,
  updated_at_unix_ms: u64,
}).meta({ id: "OwnerRateLimit" });

export function clientOwnerView(owner: ClientOwner): z.input<typeof ClientOwnerView> {
  return {
    owner_id: owner.ownerId,
    has_rate_limit: owner.hasCap,
    rule_count: owner.ruleCount,
  };
}

export function ownerCapView(cap: NamedOwnerCap): z.input<typeof OwnerCapView> {
  return {
    client_name: cap.clientName,
    owner_id: cap.ownerId,
    rate_limit: rateLimitToJson(cap.limits),
    updated_at_unix_ms: cap.updatedAtMs,
  };
}
