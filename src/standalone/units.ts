/**
 * Numbers as people read them.
 *
 * @module
 */

const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"] as const;

/** `512 B`, `1.5 KB`: 1024-based, one decimal from KB on. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // What would be shown as 1024.0 belongs to the next unit.
  while (value >= (unit === 0 ? 1024 : 1023.95) && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${Math.round(value)} B` : `${value.toFixed(1)} ${UNITS[unit]}`;
}

export const formatRate = (bytesPerSec: number): string => `${formatBytes(bytesPerSec)}/s`;

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** The last `width` values as a line of bars, the highest of them full; right-aligned. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const top = Math.max(...shown, 0);
  const bars = shown.map((value) =>
    top === 0 || value <= 0
      ? BARS[0]
      : BARS[Math.min(BARS.length - 1, Math.floor(value / top * BARS.length))]
  );
  return bars.join("").padStart(width);
}
