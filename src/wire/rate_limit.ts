/**
 * Caps between the domain and the wire. Every field has explicit presence: a cap that is absent
 * stays absent, and an explicit zero stays a zero.
 *
 * @module
 */

import { create } from "@bufbuild/protobuf";
import type { RateLimit } from "../core/rate_limit.ts";
import { type RateLimit as WireRateLimit, RateLimitSchema } from "./gen/portunus/v1/portunus_pb.ts";

const FIELDS = [
  "bandwidthInBps",
  "bandwidthOutBps",
  "newConnectionsPerSec",
  "concurrentConnections",
  "bandwidthInBurst",
  "bandwidthOutBurst",
  "newConnectionsBurst",
] as const satisfies readonly (keyof RateLimit)[];

/** The fields that are present in `limits`. */
function present(limits: RateLimit | WireRateLimit): RateLimit {
  return Object.fromEntries(
    FIELDS.filter((field) => limits[field] !== undefined).map((field) => [field, limits[field]]),
  );
}

export function rateLimitToWire(limits: RateLimit): WireRateLimit {
  return create(RateLimitSchema, present(limits));
}

export function rateLimitFromWire(limits: WireRateLimit): RateLimit {
  return present(limits);
}
