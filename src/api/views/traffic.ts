/**
 * Quotas and traffic as JSON. Times are seconds since the Unix epoch.
 *
 * @module
 */

import { z } from "zod";
import { i64 } from "../../core/integer_schemas.ts";
import { periodEndsAt, type Quota, remainingBytes } from "../../core/quota.ts";
import type { TrafficAnswer } from "../../traffic/history.ts";
import { ulid, userId } from "./scalars.ts";

export const QuotaView = z.object({
  user_id: userId,
  client_id: ulid,
  client_name: z.string().meta({ description: "The client's name when the quota was made." }),
  monthly_bytes: i64,
  billing_anchor: i64.meta({ description: "Where periods are counted from." }),
  current_period_started_at: i64,
  current_period_ends_at: i64.meta({
    description: "The start of the next period; 9223372036854775807 where there is none.",
  }),
  current_period_bytes_used: i64.meta({ description: "In and out." }),
  budget_remaining_bytes: i64.meta({ description: "Negative when more was used." }),
  exhausted_at: i64.nullable(),
  exhausted: z.boolean(),
  created_at: i64,
  updated_at: i64.meta({ description: "When an operator or a new period changed it last." }),
}).meta({ id: "Quota" });

export const QUOTA_EXAMPLE = {
  user_id: "alice",
  client_id: "01JABCDEFGHJKMNPQRSTVWXYZ0",
  client_name: "edge-01",
  monthly_bytes: 1_099_511_627_776,
  billing_anchor: 1_767_225_600,
  current_period_started_at: 1_767_225_600,
  current_period_ends_at: 1_769_904_000,
  current_period_bytes_used: 1_234,
  budget_remaining_bytes: 1_099_511_626_542,
  exhausted_at: null,
  exhausted: false,
  created_at: 1_767_225_600,
  updated_at: 1_767_225_600,
};

export function quotaView(quota: Quota): z.input<typeof QuotaView> {
  return {
    user_id: quota.userId,
    client_id: quota.clientId,
    client_name: quota.clientName,
    monthly_bytes: quota.monthlyBytes,
    billing_anchor: quota.billingAnchor,
    current_period_started_at: quota.periodStartedAt,
    current_period_ends_at: periodEndsAt(quota),
    current_period_bytes_used: quota.bytesUsed,
    budget_remaining_bytes: remainingBytes(quota),
    exhausted_at: quota.exhaustedAt,
    exhausted: quota.exhaustedAt !== null,
    created_at: quota.createdAt,
    updated_at: quota.updatedAt,
  };
}

export const TrafficView = z.object({
  bucket: z.enum(["1m", "1h"]),
  samples: z.array(z.object({
    ts: i64.meta({ description: "When the bucket begins." }),
    bytes_in: i64,
    bytes_out: i64,
  })).meta({ description: "The buckets in which there is anything, earliest first." }),
  total_bytes_in: i64,
  total_bytes_out: i64,
}).meta({ id: "Traffic" });

export const TRAFFIC_EXAMPLE = {
  bucket: "1m",
  samples: [{ ts: 1_778_148_000, bytes_in: 400, bytes_out: 600 }],
  total_bytes_in: 400,
  total_bytes_out: 600,
};

export function trafficView(
  { bucket, samples, bytesIn, bytesOut }: TrafficAnswer,
): z.input<typeof TrafficView> {
  return {
    bucket,
    samples: samples.map((sample) => ({
      ts: sample.start,
      bytes_in: sample.bytesIn,
      bytes_out: sample.bytesOut,
    })),
    total_bytes_in: bytesIn,
    total_bytes_out: bytesOut,
  };
}
