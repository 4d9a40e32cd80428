/**
 * What the memory of a process says that was started again and again: whether a life that is long
 * enough grows, and whether each life begins with more than the one before.
 *
 * @module
 */

import { slope } from "./vitals.ts";

/** What a process had when it was `ageSecs` old: in all, and on its heap, without garbage. */
export interface Look {
  readonly ageSecs: number;
  readonly mib: number;
  readonly heapMib: number;
}

/** The looks at one process from its start on, earliest first. */
export type Life = readonly Look[];

/** By then code is compiled and pools are full. */
const WARM_SECS = 120;
/** A warm life that is shorter says nothing. */
const JUDGED_SECS = 240;
/** The least of a window is what is left when everything that comes and goes is gone. */
const WINDOW_SECS = 30;
/** What a warm process may gain by its trend. */
const HEAP_PER_HOUR_MAX_MIB = 12;
const GROWTH_PER_HOUR_MAX_MIB = 40;
/** At this age lives are compared with each other, those of the beginning with those of the end. */
const COMPARED_AT_SECS = 20;
const COMPARED_LIVES_MIN = 6;
const COMPARED_MAX_MIB = 12;

const QUANTITIES = [
  { what: "the heap", of: ({ heapMib }: Look) => heapMib, max: HEAP_PER_HOUR_MAX_MIB },
  { what: "the memory", of: ({ mib }: Look) => mib, max: GROWTH_PER_HOUR_MAX_MIB },
] as const;

export interface MemoryVerdict {
  /** For people: what was seen. */
  readonly summary: string;
  readonly problems: readonly string[];
}

export function judgeMemory(name: string, lives: readonly Life[]): MemoryVerdict {
  const problems: string[] = [];
  const seen = [`${name}: ${lives.length} lives`];
  for (const life of lives) {
    for (const { what, of, max } of QUANTITIES) {
      const growth = growthPerHour(life, of);
      if (growth === null) continue;
      const [from, to] = [floors(life, of).at(0)?.[1] ?? 0, floors(life, of).at(-1)?.[1] ?? 0];
      seen.push(
        `${what} of one of ${ageOf(life)} s went from ${from.toFixed(1)} to ${to.toFixed(1)} MiB ` +
          `once it was warm, by a trend of ${growth.toFixed(1)} MiB an hour`,
      );
      if (growth > max) {
        problems.push(`${what} of ${name} grows by ${growth.toFixed(0)} MiB an hour`);
      }
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

/** What a warm life gains of something in an hour; `null` for one that is too short to tell. */
export function growthPerHour(life: Life, of: (look: Look) => number): number | null {
  if (ageOf(life) - WARM_SECS < JUDGED_SECS) return null;
  return slope(floors(life, of)) * 3_600;
}

const ageOf = (life: Life): number => Math.round(life.at(-1)?.ageSecs ?? 0);

/** The least of something in each window of a warm life, by its age in seconds. */
function floors(life: Life, of: (look: Look) => number): (readonly [number, number])[] {
  const windows = new Map<number, number>();
  for (const look of life) {
    if (look.ageSecs < WARM_SECS) continue;
    const window = Math.floor(look.ageSecs / WINDOW_SECS);
    windows.set(window, Math.min(windows.get(window) ?? Infinity, of(look)));
  }
  return [...windows].map(([window, mib]) => [window * WINDOW_SECS, mib]);
}

function youngMemory(life: Life): number[] {
  const look = life.find(({ ageSecs }) => ageSecs >= COMPARED_AT_SECS);
  return look === undefined ? [] : [look.mib];
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
