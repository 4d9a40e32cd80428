import assert from "node:assert/strict";

/**
 * `assert.deepEqual` for values with times in them. It takes any two instants for equal, because
 * what they hold is out of its sight.
 */
export function assertDeepEqual(actual: unknown, expected: unknown, message?: string): void {
  assert.deepEqual(
    withTimesAsText(actual),
    withTimesAsText(expected),
    message === undefined ? undefined : new Error(message),
  );
}

function withTimesAsText(value: unknown): unknown {
  if (value instanceof Temporal.Instant) return `${value}`;
  if (Array.isArray(value)) return value.map(withTimesAsText);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withTimesAsText(member)]),
  );
}
