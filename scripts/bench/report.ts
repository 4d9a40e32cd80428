import { writeLine } from "../build/console.ts";

/** Something that was measured, in `unit`, and the most it should be. */
export interface Measurement {
  readonly what: string;
  readonly value: number;
  readonly atMost: number;
  readonly unit: string;
}

/** Prints a line for a measurement, as soon as there is one. */
export function report({ what, value, atMost, unit }: Measurement): void {
  const share = `${Math.round((value / atMost) * 100)} %`.padStart(6);
  const shown = `${rounded(value)} ${unit}`.padStart(12);
  const verdict = value <= atMost ? "" : "  MISSED";
  writeLine(
    `${what.padEnd(58)}${shown}  of ${rounded(atMost)} ${unit} (${share.trim()})${verdict}`,
  );
}

const rounded = (value: number) => value >= 100 ? value.toFixed(0) : value.toPrecision(3);

/** The value that `share` of `values` do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/** Milliseconds that `work` takes, `times` times. */
export async function timings(times: number, work: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    await work();
    taken.push(performance.now() - started);
  }
  return taken;
}
