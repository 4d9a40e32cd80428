import { residentMiB } from "../bench/proc.ts";

/** How a process does at a moment. */
export interface Vitals {
  readonly rssMiB: number;
  readonly descriptors: number;
}

export function vitalsOf(pid: number): Vitals {
  const descriptors = [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  return { rssMiB: residentMiB(pid), descriptors };
}

/** The line through points by least squares: what `y` gains for each unit of `x`. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const covariance = mean(points.map(([x, y]) => (x - mx) * (y - my)));
  return covariance / mean(points.map(([x]) => (x - mx) ** 2));
}
