/**
 * Byte counts: what clients report, and sums of it, in the 64 signed bits that the store has.
 *
 * @module
 */

/** The largest count. Larger ones cannot be told apart from it. */
export const COUNT_MAX = 2n ** 63n - 1n;

/** The sum of two counts. */
export function addSaturating(a: bigint, b: bigint): bigint {
  return saturated(a + b);
}

/** `count`, or the largest one there is. */
export function saturated(count: bigint): bigint {
  return count > COUNT_MAX ? COUNT_MAX : count;
}

/** What a cumulative counter gained; one that is smaller than before has started over from zero. */
export function counterGain(before: bigint, now: bigint): bigint {
  return now < before ? now : now - before;
}
