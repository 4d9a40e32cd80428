/**
 * Billing periods: calendar months in UTC that begin on the day and at the time of an anchor. A
 * month that is too short for the day begins its period on its last day. Every start is computed
 * from the anchor itself, so that Jan 31 leads to Feb 28 and then to Mar 31.
 *
 * Times are seconds since the Unix epoch, as 64-bit integers.
 *
 * @module
 */

import { QUOTA } from "./limits.ts";

/** The end of a period that has none: the largest time there is. */
export const NEVER = 2n ** 63n - 1n;

/** How far from the epoch a time can be and still have a date (ECMAScript time values). */
const DATES_SECS = 8_640_000_000_000n;

/** No month, and so no period, is shorter. */
export const PERIOD_MIN_SECS = 28n * 86_400n;

/** Whether there is a date for `secs`, so that periods can be counted from it. */
export function isBillingAnchor(secs: bigint): boolean {
  return secs >= -DATES_SECS && secs <= DATES_SECS;
}

/** When period `n` (from 0) begins; `null` where there is no date for it. */
export function periodStart(anchor: bigint, n: number): bigint | null {
  if (!isBillingAnchor(anchor)) return null;
  try {
    const start = dateOf(anchor).add({ months: n }).toZonedDateTime("UTC");
    return BigInt(start.epochMilliseconds / 1_000);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** When the period that began at `startedAt` ends; {@linkcode NEVER} when none begins there. */
export function periodEnd(anchor: bigint, startedAt: bigint): bigint {
  const n = periodAt(anchor, startedAt);
  if (n === null || n >= QUOTA.periodsMax || periodStart(anchor, n) !== startedAt) return NEVER;
  return periodStart(anchor, n + 1) ?? NEVER;
}

/**
 * When the period that `now` is in began, if it is a later one than that of `startedAt`; otherwise
 * `startedAt`, also where a clock was put back.
 */
export function currentPeriodStart(anchor: bigint, startedAt: bigint, now: bigint): bigint {
  if (now - startedAt < PERIOD_MIN_SECS) return startedAt;
  const known = periodAt(anchor, startedAt);
  const current = periodAt(anchor, now);
  if (known === null || current === null || current <= known) return startedAt;
  return periodStart(anchor, current) ?? startedAt;
}

/** The number of the period that `time` is in; `null` before the anchor and where dates end. */
function periodAt(anchor: bigint, time: bigint): number | null {
  if (!isBillingAnchor(anchor) || !isBillingAnchor(time) || time < anchor) return null;
  const first = dateOf(anchor);
  const date = dateOf(time);
  // A period begins in each month, early or late in it.
  const months = (date.year - first.year) * 12 + date.month - first.month;
  const start = periodStart(anchor, months);
  return start !== null && start <= time ? months : months - 1;
}

function dateOf(secs: bigint): Temporal.PlainDateTime {
  const instant = Temporal.Instant.fromEpochMilliseconds(Number(secs) * 1_000);
  return instant.toZonedDateTimeISO("UTC").toPlainDateTime();
}
