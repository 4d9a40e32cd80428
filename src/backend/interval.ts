const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Timers take no more milliseconds than this. */
const MAX_MS = 2 ** 31 - 1;

/**
 * A span of time as a configuration says it, in milliseconds: a number of seconds, or numbers with
 * units (`1m30s`; `ms`, `s`, `m`, `h`, `d`, `w`). `null` when it is none.
 */
export function parseInterval(value: number | string): number | null {
  const text = String(value).trim();
  if (/^\d+(\.\d+)?$/.test(text)) return inRange(Number(text) * 1_000);
  if (!/^(\d+(\.\d+)?\s*(ms|[smhdw])\s*)+$/.test(text)) return null;
  const groups = text.matchAll(/([\d.]+)\s*([a-z]+)/g);
  return inRange(
    [...groups].reduce((sum, [, n, unit = ""]) => sum + Number(n) * (UNIT_MS[unit] ?? NaN), 0),
  );
}

const inRange = (ms: number): number | null => ms <= MAX_MS ? Math.ceil(ms) : null;
