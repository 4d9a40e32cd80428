/**
 * How many guesses somebody has: five, then a pause.
 *
 * @module
 */

import { THROTTLE } from "./limits.ts";

/** What is remembered of failures in a row. */
export interface Failures {
  readonly count: number;
  readonly firstAt: Temporal.Instant | null;
  readonly lastAt: Temporal.Instant | null;
  readonly lockedUntil: Temporal.Instant | null;
}

/** Whether `a` is later than `b`. */
const isAfter = (a: Temporal.Instant, b: Temporal.Instant) => Temporal.Instant.compare(a, b) > 0;

/**
 * Whether another attempt has to be refused at `now`. A lock that would last longer than any is of
 * a clock that was put back since, and over.
 */
export function isLocked(failures: Failures | undefined, now: Temporal.Instant): boolean {
  const until = failures?.lockedUntil;
  if (!until) return false;
  return isAfter(until, now) && !isAfter(until, now.add({ seconds: THROTTLE.lockMaxSecs }));
}

/**
 * The record after one more failure at `now`. A lock that is over, or a quiet time, makes the
 * count start anew.
 */
export function countFailure(failures: Failures | undefined, now: Temporal.Instant): Failures {
  const before = failures && !isForgotten(failures, now) ? failures : null;
  const count = (before?.count ?? 0) + 1;
  return {
    count,
    firstAt: before?.firstAt ?? now,
    lastAt: now,
    lockedUntil: count < THROTTLE.failuresMax ? null : now.add({ seconds: lockSecs(count) }),
  };
}

function isForgotten({ lastAt, lockedUntil }: Failures, now: Temporal.Instant): boolean {
  const lockIsOver = lockedUntil !== null && !isAfter(lockedUntil, now);
  return lockIsOver ||
    lastAt !== null && !isAfter(lastAt.add({ seconds: THROTTLE.forgetSecs }), now);
}

/** Doubles with each failure beyond the first lock. */
function lockSecs(count: number): number {
  const doublings = Math.min(count - THROTTLE.failuresMax, 10);
  return Math.min(THROTTLE.lockSecs * 2 ** doublings, THROTTLE.lockMaxSecs);
}
