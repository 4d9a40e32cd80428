/**
 * A long day in a few minutes: mixed traffic through real processes, and then the question whether
 * anything is left of it.
 *
 * @module
 */

import { writeLine } from "../build/console.ts";
import type { Load } from "./load.ts";
import type { RuleTotals, World } from "./subject.ts";
import { slope, type Vitals, vitalsOf } from "./vitals.ts";

export interface SoakOptions {
  readonly connections: number;
  readonly minutes: number;
  readonly random: () => number;
}

/** Connections and flows at a time. */
const WORKERS = 48;
/** After so many connections code is compiled, pools are full, and memory should stay as it is. */
const WARM_CONNECTIONS = 200_000;
/** What memory may gain from one half to the other: its garbage comes and goes. */
const GROWTH_MAX_MIB = 12;
/** How often everything comes to rest, and is looked at. */
const STAGES = 20;
/** How many times to look until something has ended, half a second apart. */
const PATIENCE = 60;

/** Runs until there were so many connections, or the time is over. @returns what is wrong */
export async function soak(world: World, options: SoakOptions): Promise<string[]> {
  const idle = world.processes.map(({ pid }) => vitalsOf(pid));
  const deadline = performance.now() + options.minutes * 60_000;
  const rest: Rest[] = [];
  let begun = 0;
  for (let stage = 1; stage <= STAGES && performance.now() < deadline; stage++) {
    const until = Math.round((options.connections * stage) / STAGES);
    begun = await drive(world.loads, { begun, until, deadline, random: options.random });
    await quiet(world);
    rest.push({ connections: begun, processes: world.processes.map(({ pid }) => vitalsOf(pid)) });
    const shown = rest.at(-1)?.processes.map((it) => `${it.rssMiB.toFixed(1)} MiB`).join("  ");
    writeLine(`${String(begun).padStart(9)} connections  ${shown}`);
  }
  const totals = await quiet(world);
  return [
    ...world.loads.flatMap((load) => problemsOf(load, totals.get(load.rule))),
    ...await descriptorProblems(world, idle),
    ...world.processes.flatMap(({ name }, i) => memoryProblems(name, rest, i)),
  ];
}

/** How the processes are while nothing goes on. */
interface Rest {
  readonly connections: number;
  readonly processes: readonly Vitals[];
}

/** Keeps the workers busy. @returns how many connections were begun in all */
async function drive(loads: readonly Load[], { until, deadline, random, ...from }: {
  readonly begun: number;
  readonly until: number;
  readonly deadline: number;
  readonly random: () => number;
}): Promise<number> {
  const round = loads.flatMap((load) => Array<Load>(load.turns).fill(load));
  let { begun } = from;
  const work = async () => {
    while (begun < until && performance.now() < deadline) {
      begun += 1;
      await round[begun % round.length]?.once(random);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return begun;
}

/** The totals, once nothing is under way any more; flows end when they have been idle. */
async function quiet(world: World): Promise<ReadonlyMap<string, RuleTotals>> {
  let totals = await world.totals();
  for (let attempt = 0; attempt < PATIENCE; attempt++) {
    if ([...totals.values()].every(({ active }) => active === 0)) break;
    await pause();
    totals = await world.totals();
  }
  return totals;
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 500));

function problemsOf({ rule, tally }: Load, totals: RuleTotals | undefined): string[] {
  writeLine(
    `${rule.padEnd(9)} ${tally.connections} connections, ${tally.sent} bytes there, ` +
      `${tally.received} back, ${tally.failures} failures`,
  );
  if (totals === undefined) return [`${rule}: no counters`];
  const problems: string[] = [];
  const expect = (what: string, actual: number, expected: number) => {
    if (actual !== expected) problems.push(`${rule}: ${what} ${actual} instead of ${expected}`);
  };
  if (tally.failures > 0) problems.push(`${rule}: ${tally.failures} failed: ${tally.lastFailure}`);
  expect("bytes in", totals.bytesIn, tally.sent);
  expect("bytes out", totals.bytesOut, tally.received);
  expect("active", totals.active, 0);
  if (totals.connectionsTotal > 0) {
    expect("connections", totals.connectionsTotal, tally.connections);
  }
  return problems;
}

/** What was opened for a question of ours is closed a moment later. */
async function descriptorProblems(world: World, idle: readonly Vitals[]): Promise<string[]> {
  const problems: string[] = [];
  for (const [i, { name, pid }] of world.processes.entries()) {
    const before = idle[i]?.descriptors ?? 0;
    let after = vitalsOf(pid).descriptors;
    for (let attempt = 0; after > before && attempt < PATIENCE; attempt++) {
      await pause();
      after = vitalsOf(pid).descriptors;
    }
    writeLine(`${name}: ${before} descriptors before, ${after} after`);
    if (after > before) problems.push(`${name}: ${after - before} descriptors are left open`);
  }
  return problems;
}

/** Compares what a process had on average in the first half of its warm life and in the second. */
function memoryProblems(name: string, rest: readonly Rest[], process: number): string[] {
  const warm = rest.filter(({ connections }) => connections >= WARM_CONNECTIONS);
  const points = warm.map((it) => [it.connections, it.processes[process]?.rssMiB ?? 0] as const);
  if (points.length < 4) return [];
  const half = Math.floor(points.length / 2);
  const mean = (part: typeof points) => part.reduce((sum, [, mib]) => sum + mib, 0) / part.length;
  const [first, second] = [mean(points.slice(0, half)), mean(points.slice(-half))];
  writeLine(
    `${name}: ${first.toFixed(1)} MiB in the first half, ${second.toFixed(1)} MiB in the second; ` +
      `the trend is ${(slope(points) * 1e6).toFixed(1)} MiB per million connections`,
  );
  return second - first > GROWTH_MAX_MIB ? [`${name}: memory grows`] : [];
}
