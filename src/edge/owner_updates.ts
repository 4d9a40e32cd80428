/**
 * Caps and quotas of owners: what the server says of them, taken in.
 *
 * @module
 */

import type { Logger } from "../core/log.ts";
import { hasCaps } from "../core/rate_limit.ts";
import {
  OwnerRateLimitAction,
  type OwnerRateLimitUpdate,
  TrafficQuotaAction,
  type TrafficQuotaUpdate,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import { rateLimitFromWire } from "../wire/rate_limit.ts";
import type { OwnerTable } from "./owner_table.ts";

/** Sets or lifts the caps of an owner; SET without caps lifts them. */
export function applyOwnerLimits(
  { action, clientName, ownerId, rateLimit }: OwnerRateLimitUpdate,
  owners: OwnerTable,
  logger: Logger,
): void {
  const fields = { client_name: clientName, owner_id: ownerId };
  switch (action) {
    case OwnerRateLimitAction.SET: {
      const caps = rateLimit === undefined ? null : rateLimitFromWire(rateLimit);
      owners.setCaps(ownerId, caps);
      logger.info("control.owner_rate_limit_set", { ...fields, has_caps: hasCaps(caps) });
      return;
    }
    case OwnerRateLimitAction.REMOVE:
      owners.setCaps(ownerId, null);
      logger.info("control.owner_rate_limit_remove", fields);
      return;
    case OwnerRateLimitAction.UNSPECIFIED:
    default:
      // A number of a newer version tells no more than none.
      logger.warn("control.owner_rate_limit_unspecified_action", fields);
  }
}

/** Sets what is left of a user's quota, or ends the metering. */
export function applyQuota(
  { action, clientName, userId, state }: TrafficQuotaUpdate,
  owners: OwnerTable,
  logger: Logger,
): void {
  const fields = { user: userId, client: clientName };
  switch (action) {
    case TrafficQuotaAction.SET: {
      if (state === undefined) {
        logger.warn("control.traffic_quota_update_set_without_state", fields);
        return;
      }
      const { budgetRemainingBytes: left } = state;
      const remainingBytes = left < 0n ? 0n : left;
      const exhausted = state.exhausted || remainingBytes === 0n;
      owners.setQuota(userId, { remainingBytes, exhausted });
      const now = { remaining: remainingBytes, exhausted };
      logger.info("control.traffic_quota_set", { ...fields, ...now });
      return;
    }
    case TrafficQuotaAction.REMOVE:
      owners.setQuota(userId, null);
      logger.info("control.traffic_quota_remove", fields);
      return;
    case TrafficQuotaAction.UNSPECIFIED:
    default:
      logger.warn("control.traffic_quota_unspecified_action", fields);
  }
}
