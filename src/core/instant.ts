/**
 * Timestamps as text (RFC 3339). The store and the HTTP API write them differently, and both
 * exactly: 0, 3, 6 or 9 fraction digits, suffix `+00:00` in the store (compared as text there),
 * `Z` in JSON. `Temporal.Instant` keeps the nanoseconds that 3.1.0 wrote.
 *
 * @module
 */

/** `YYYY-MM-DDTHH:MM:SS[.fraction]` in UTC, with the shortest of 0, 3, 6, 9 fraction digits. */
function utcText(instant: Temporal.Instant): string {
  const nanos = Number(
    ((instant.epochNanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n,
  );
  const digits = nanos === 0 ? 0 : nanos % 1_000_000 === 0 ? 3 : nanos % 1_000 === 0 ? 6 : 9;
  return instant.toString({ fractionalSecondDigits: digits }).slice(0, -1);
}

/** An instant from milliseconds since the Unix epoch. */
export function instantFromMillis(ms: number): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(ms);
}

/** Whole seconds since the Unix epoch, as the traffic tables keep time. */
export function unixSeconds(ms: number): bigint {
  return BigInt(Math.floor(ms / 1_000));
}

/** Whole days (UTC) since the Unix epoch. */
export function unixDay(ms: number): number {
  return Math.floor(ms / 86_400_000);
}

/** Date, time with seconds and offset; `Temporal` alone would accept more of ISO 8601. */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Reads any RFC 3339 date-time, to the nanosecond.
 *
 * @throws {RangeError} when `text` is none
 */
export function parseInstant(text: string): Temporal.Instant {
  if (!RFC_3339.test(text)) throw new RangeError("Text is not an RFC 3339 date-time");
  return Temporal.Instant.from(text);
}

/** The store's form, for example `2026-05-07T10:00:00.123+00:00`. */
export function toStoreText(instant: Temporal.Instant): string {
  return `${utcText(instant)}+00:00`;
}

/** The JSON form, for example `2026-05-07T10:00:00.123Z`. */
export function toJsonText(instant: Temporal.Instant): string {
  return `${utcText(instant)}Z`;
}

/** The form the CLI prints, for example `2026-05-11 09:10:00.123 UTC`. */
export function toCliText(instant: Temporal.Instant): string {
  return `${utcText(instant).replace("T", " ")} UTC`;
}
