/**
 * In which order the targets of a rule are tried.
 *
 * @module
 */

import type { Health } from "./target_health.ts";

/** What decides the order. */
export interface Candidate {
  /** Lower is preferred. */
  readonly priority: number;
}

/** `targets` by priority; ties stay in list order. */
export function byPriority<T extends Candidate>(targets: readonly T[]): T[] {
  return targets.toSorted((a, b) => a.priority - b.priority);
}

/**
 * The order of the next attempt: the first healthy one of `targets`, which are sorted, then all
 * others as they stand, failed ones too. The first leads where none is healthy.
 */
export function attemptOrder<T extends { readonly health: Health }>(targets: readonly T[]): T[] {
  const healthy = targets.findIndex(({ health }) => health === "healthy");
  const [first] = targets.slice(Math.max(healthy, 0));
  return first === undefined ? [] : [first, ...targets.filter((target) => target !== first)];
}
