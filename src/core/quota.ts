/**
 * Traffic quotas: how many bytes a user may forward through a client in a billing period.
 *
 * Values are immutable; each function returns the quota as it is afterwards. Times are seconds
 * since the Unix epoch, and everything is a 64-bit integer.
 *
 * @module
 */

import { addSaturating } from "./counters.ts";
import { currentPeriodStart, periodEnd } from "./period.ts";

/** Whose traffic through which client a quota is about. There is at most one for each pair. */
export interface QuotaKey {
  readonly userId: string;
  readonly clientId: string;
}

/** A quota and what was used of it. */
export interface Quota extends QuotaKey {
  /** Display name of the client when the quota was made. */
  readonly clientName: string;
  readonly monthlyBytes: bigint;
  /** Where periods are counted from. */
  readonly billingAnchor: bigint;
  readonly periodStartedAt: bigint;
  /** Bytes in and out since then. */
  readonly bytesUsed: bigint;
  /** When there was nothing left of it in this period; `null` while there is. */
  readonly exhaustedAt: bigint | null;
  readonly createdAt: bigint;
  /** When an operator or a new period changed it last; traffic does not count. */
  readonly updatedAt: bigint;
}

/** What an operator says of a new quota. */
export type QuotaTerms = Pick<
  Quota,
  "userId" | "clientId" | "clientName" | "monthlyBytes" | "billingAnchor"
>;

/** A quota of which nothing is used. Its first period begins at the anchor. */
export function newQuota(terms: QuotaTerms, now: bigint): Quota {
  return {
    ...terms,
    periodStartedAt: terms.billingAnchor,
    bytesUsed: 0n,
    exhaustedAt: null,
    createdAt: now,
    updatedAt: now,
  };
}

/** What is left of it; negative when more was used. */
export function remainingBytes({ monthlyBytes, bytesUsed }: Quota): bigint {
  return monthlyBytes - bytesUsed;
}

/** When its current period ends; see {@linkcode periodEnd}. */
export function periodEndsAt({ billingAnchor, periodStartedAt }: Quota): bigint {
  return periodEnd(billingAnchor, periodStartedAt);
}

/** With another limit, which may make it exhausted, or no longer so. */
export function withMonthlyBytes(quota: Quota, monthlyBytes: bigint, now: bigint): Quota {
  const changed = { ...quota, monthlyBytes, updatedAt: now };
  return quota.bytesUsed < monthlyBytes ? { ...changed, exhaustedAt: null } : exhaust(changed, now);
}

/** As if nothing had been used in this period. */
export function withoutUsage(quota: Quota, now: bigint): Quota {
  return { ...quota, bytesUsed: 0n, exhaustedAt: null, updatedAt: now };
}

/** After `bytes` more were forwarded. */
export function withUsage(quota: Quota, bytes: bigint, now: bigint): Quota {
  const used = { ...quota, bytesUsed: addSaturating(quota.bytesUsed, bytes) };
  return used.bytesUsed < used.monthlyBytes ? used : exhaust(used, now);
}

/** At the beginning of the period that `now` is in; `null` when that is the current one. */
export function rolledOver(quota: Quota, now: bigint): Quota | null {
  const { billingAnchor, periodStartedAt } = quota;
  const start = currentPeriodStart(billingAnchor, periodStartedAt, now);
  if (start === periodStartedAt) return null;
  return { ...withoutUsage(quota, now), periodStartedAt: start };
}

/** The first time counts. */
function exhaust(quota: Quota, now: bigint): Quota {
  return { ...quota, exhaustedAt: quota.exhaustedAt ?? now };
}
