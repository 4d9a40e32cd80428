/**
 * What the Linux engine is to reach, and whether it does.
 *
 * @module
 */

import type { Result } from "./bench.ts";
import { spreadOf } from "./statistics.ts";

/** A number that was aimed at, and what was measured; `null` where something was not measured. */
export interface Verdict {
  readonly what: string;
  readonly aim: string;
  readonly value: number | null;
  readonly isReached: boolean | null;
}

interface Target {
  readonly workload: string;
  readonly metric: string;
  /** Whose number the engine's is divided by; its own value without one. */
  readonly against?: string;
  /** Whether both are taken less what it is without a relay. */
  readonly added?: boolean;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const ENGINE = "linux";

const streams = (workload: string, atLeast: number, cpuAtMost: number): Target[] => [
  { workload, metric: "Gbit/s", against: "haproxy", atLeast },
  { workload, metric: "CPU s/GB", against: "haproxy", atMost: cpuAtMost },
];

const datagrams = (workload: string): Target => ({
  workload,
  metric: "per CPU s",
  against: "nginx",
  atLeast: 2,
});

const latency = (metric: string, atMost: number): Target => ({
  workload: "5,000 requests/s",
  metric,
  against: "haproxy",
  added: true,
  atMost,
});

const TARGETS: readonly Target[] = [
  ...streams("8 streams in", 1.4, 0.4),
  ...streams("8 streams out", 1.4, 0.4),
  ...streams("1 stream in", 1.05, 0.75),
  ...streams("1 stream out", 1.05, 0.75),
  { workload: "HTTP keep-alive", metric: "per s", against: "haproxy", atLeast: 1 },
  { workload: "HTTP keep-alive", metric: "CPU µs each", against: "haproxy", atMost: 1 },
  { workload: "HTTP, connection each", metric: "per s", against: "haproxy", atLeast: 1 },
  { workload: "HTTP, connection each", metric: "CPU µs each", against: "haproxy", atMost: 1.05 },
  { workload: "HTTP, connection each", metric: "p99 ms", against: "haproxy", atMost: 1.2 },
  latency("p50 µs", 1),
  latency("p99 µs", 1.2),
  { workload: "9,000 idle connections", metric: "KiB each", atMost: 1 },
  datagrams("UDP, 64 B"),
  datagrams("UDP, 1200 B"),
  { workload: "100 Mbit/s cap", metric: "% of the cap", atLeast: 98, atMost: 102 },
  { workload: "100 Mbit/s cap", metric: "CPU of uncapped", atMost: 1.5 },
];

/** Holds medians against the targets. Workloads that did not run are left out. */
export function verdicts(results: readonly Result[]): Verdict[] {
  const ran = new Set(results.map(({ workload }) => workload));
  return TARGETS.filter(({ workload }) => ran.has(workload)).map((target) => {
    const value = measured(results, target);
    return { what: describe(target), aim: aimOf(target), value, isReached: check(target, value) };
  });
}

function measured(results: readonly Result[], target: Target): number | null {
  const { against, added = false } = target;
  const direct = added ? medianOf(results, "direct", target) : 0;
  const own = medianOf(results, ENGINE, target);
  const other = against === undefined ? null : medianOf(results, against, target);
  if (own === null || direct === null) return null;
  if (against === undefined) return own;
  // What a busy machine adds hides what a relay does.
  return other === null || other <= direct ? null : (own - direct) / (other - direct);
}

function medianOf(
  results: readonly Result[],
  peer: string,
  { workload, metric }: Target,
): number | null {
  const samples = results.find((it) => it.workload === workload && it.peer === peer)?.samples ?? [];
  const values = samples.map((it) => it[metric]).filter((value) => value !== undefined);
  return values.length === 0 ? null : spreadOf(values).median;
}

function check({ atLeast = -Infinity, atMost = Infinity }: Target, value: number | null) {
  return value === null ? null : value >= atLeast && value <= atMost;
}

function describe({ workload, metric, against, added }: Target): string {
  const ratio = against === undefined ? "" : ` / ${against}`;
  return `${workload}: ${added ? "added " : ""}${metric}${ratio}`;
}

function aimOf({ atLeast, atMost, against }: Target): string {
  const unit = against === undefined ? "" : "×";
  if (atLeast !== undefined && atMost !== undefined) return `${atLeast} to ${atMost}${unit}`;
  return atLeast === undefined ? `≤ ${atMost}${unit}` : `≥ ${atLeast}${unit}`;
}
