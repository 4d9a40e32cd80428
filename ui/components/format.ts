/**
 * Numbers and instants as people read them.
 *
 * @module
 */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Bytes, in steps of 1024: one decimal up to MiB, two beyond. `—` for what is no count. */
export function formatBytes(bytes: number): string {
  if (!(bytes >= 0)) return "—";
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const decimals = unit === 0 ? 0 : unit < 3 ? 1 : 2;
  return `${value.toFixed(decimals)} ${UNITS[unit]}`;
}

/** Bytes per second. */
export function formatRate(bytesPerSecond: number): string {
  const text = formatBytes(bytesPerSecond);
  return text === "—" ? text : `${text}/s`;
}

/** A listen or target range: `80`, or `8000–8009`. */
export function formatPorts(start: number, end?: number): string {
  return end === undefined || end === start ? `${start}` : `${start}–${end}`;
}

/** Local date and time, 24 hours. `—` for never. */
export function formatInstant(text: string | null): string {
  if (text === null) return "—";
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? "—" : date.toLocaleString("sv-SE");
}

/** The ends of a long identifier. */
export function shortId(id: string): string {
  return id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id;
}

/** A remaining time as `m:ss`; never below zero. */
export function formatCountdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, "0")}`;
}

/** The day of a Unix time in seconds, `—` for one that never comes. */
export function formatDay(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1_000);
  return Number.isNaN(date.getTime()) ? "—" : date.toLocaleDateString("sv-SE");
}

/** A count with its thousands apart. */
export function formatCount(count: number): string {
  return Number.isFinite(count) ? count.toLocaleString("en").replaceAll(",", " ") : "—";
}
