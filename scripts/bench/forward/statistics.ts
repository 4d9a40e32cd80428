import { quantile } from "../report.ts";

/** The middle of some numbers, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws {RangeError} without a number */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("There is nothing to summarise");
  return { median: quantile(values, 0.5), min: Math.min(...values), max: Math.max(...values) };
}
