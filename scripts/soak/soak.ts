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
const WARM_CONNECTIONS = 100_000;
/** What memory may gain from the warm state to the end. */
const GROWTH_MAX_MIB = 16;
/** How often a process is looked at, in the course of the whole. */
const SAMPLES = 20;

/** Runs until there were so many connections, or the time is over. @returns what is wrong */
export async function soak(world: World, options: SoakOptions): Promise<string[]> {
  const idle = world.processes.map(({ pid }) => vitalsOf(pid));
  const history = world.processes.map((): [number, Vitals][] => []);
  const deadline = performance.now() + options.minutes * 60_000;
  let begun = 0;
  const mayGoOn = () => begun < options.connections && performance.now() < deadline;
  const sample = () => {
    const at = world.processes.map(({ pid }) => vitalsOf(pid));
    for (const [i, vitals] of at.entries()) history[i]?.push([begun, vitals]);
    const shown = at.map(({ rssMiB, descriptors }) =>
      `${rssMiB.toFixed(1)} MiB, ${descriptors} fd`
    );
    writeLine(`${String(begun).padStart(9)} connections  ${shown.join("  ")}`);
  };
  const round = world.loads.flatMap((load) => Array<Load>(load.turns).fill(load));
  const every = Math.ceil(options.connections / SAMPLES);
  const work = async () => {
    while (mayGoOn()) {
      begun += 1;
      if (begun % every === 0) sample();
      await round[begun % round.length]?.once(options.random);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  const totals = await quiet(world);
  return [
    ...world.loads.flatMap((load) => problemsOf(load, totals.get(load.rule))),
    ...world.processes.flatMap(({ name, pid }, i) => [
      ...descriptorProblems(name, idle[i], vitalsOf(pid)),
      ...memoryProblems(name, history[i] ?? []),
    ]),
  ];
}

/** The totals, once nothing is under way any more; flows end when they have been idle. */
async function quiet(world: World): Promise<ReadonlyMap<string, RuleTotals>> {
  for (let attempt = 0; attempt < 60; attempt++) {
    const totals = await world.totals();
    if ([...totals.values()].every(({ active }) => active === 0)) return totals;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return await world.totals();
}

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

function descriptorProblems(name: string, idle: Vitals | undefined, end: Vitals): string[] {
  writeLine(`${name}: ${idle?.descriptors} descriptors before, ${end.descriptors} after`);
  const isMore = end.descriptors > (idle?.descriptors ?? 0);
  return isMore ? [`${name}: descriptors are left open`] : [];
}

function memoryProblems(name: string, history: readonly [number, Vitals][]): string[] {
  const warm = history.filter(([count]) => count >= WARM_CONNECTIONS);
  const [first, last] = [warm.at(0), warm.at(-1)];
  if (first === undefined || last === undefined || warm.length < 2) return [];
  const growth = last[1].rssMiB - first[1].rssMiB;
  const perMillion = slope(warm.map(([count, { rssMiB }]) => [count, rssMiB])) * 1e6;
  writeLine(
    `${name}: ${first[1].rssMiB.toFixed(1)} MiB when warm, ${
      last[1].rssMiB.toFixed(1)
    } MiB at the ` +
      `end; the trend is ${perMillion.toFixed(1)} MiB per million connections`,
  );
  return growth > GROWTH_MAX_MIB ? [`${name}: grew by ${growth.toFixed(1)} MiB`] : [];
}
