/**
 * What the memory of a process says that was started again and again: whether a life that is long
 * enough grows, and whether each life begins with more than the one before.
 *
 * @module
 */

import { slope } from "./vitals.ts";

/** What a process had, in MiB, when it was `ageSecs` old. */
export interface Look {
  readonly ageSecs: number;
  readonly mib: number;
}

/** The looks at one process from its start on, earliest first. */
export type Life = readonly Look[];

/** By then code is compiled and pools are full. */
const WARM_SECS = 240;
/** A warm life that is shorter says nothing: garbage comes and goes. */
const JUDGED_SECS = 600;
/** The least of a window is what is left when garbage is gone. */
const WINDOW_SECS = 60;
/** What a warm process may gain by its trend. */
const GROWTH_PER_HOUR_MAX_MIB = 40;
/** At this age lives are compared with each other, those of the beginning with those of the end. */
const COMPARED_AT_SECS = 20;
const COMPARED_LIVES_MIN = 6;
const COMPARED_MAX_MIB = 12;

export interface MemoryVerdict {
  /** For people: what was seen. */
  readonly summary: string;
  readonly problems: readonly string[];
}

export function judgeMemory(name: string, lives: readonly Life[]): MemoryVerdict {
  const problems: string[] = [];
  const seen = [`${name}: ${lives.length} lives`];
  for (const life of lives) {
    const growth = growthPerHour(life);
    if (growth === null) continue;
    const [from, to] = [floors(life).at(0)?.[1] ?? 0, floors(life).at(-1)?.[1] ?? 0];
    seen.push(
      `one of ${ageOf(life)} s went from ${from.toFixed(0)} to ${to.toFixed(0)} MiB once it was ` +
        `warm, a trend of ${growth.toFixed(1)} MiB an hour`,
    );
    if (growth > GROWTH_PER_HOUR_MAX_MIB) {
      problems.push(`${name} grows by ${growth.toFixed(0)} MiB an hour`);
    }
  }
  const young = lives.flatMap(youngMemory);
  if (young.length >= COMPARED_LIVES_MIN) {
    const third = Math.floor(young.length / 3);
    const [first, last] = [mean(young.slice(0, third)), mean(young.slice(-third))];
    seen.push(
      `young ones had ${first.toFixed(0)} MiB at first and ${last.toFixed(0)} MiB in the end`,
    );
    if (last - first > COMPARED_MAX_MIB) {
      problems.push(`${name} begins with ${(last - first).toFixed(0)} MiB more than at first`);
    }
  }
  return { summary: seen.join("; "), problems };
}

/** MiB that a warm life gains in an hour; `null` for one that is too short to tell. */
export function growthPerHour(life: Life): number | null {
  if (ageOf(life) - WARM_SECS < JUDGED_SECS) return null;
  return slope(floors(life)) * 3_600;
}

const ageOf = (life: Life): number => Math.round(life.at(-1)?.ageSecs ?? 0);

/** The least memory of each window of a warm life, by its age in seconds. */
function floors(life: Life): (readonly [number, number])[] {
  const windows = new Map<number, number>();
  for (const { ageSecs, mib } of life) {
    if (ageSecs < WARM_SECS) continue;
    const window = Math.floor(ageSecs / WINDOW_SECS);
    windows.set(window, Math.min(windows.get(window) ?? Infinity, mib));
  }
  return [...windows].map(([window, mib]) => [window * WINDOW_SECS, mib]);
}

function youngMemory(life: Life): number[] {
  const look = life.find(({ ageSecs }) => ageSecs >= COMPARED_AT_SECS);
  return look === undefined ? [] : [look.mib];
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
