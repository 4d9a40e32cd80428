/**
 * JSON with exact 64-bit integers: `bigint` in, `bigint` out where a double would lose digits.
 *
 * @module
 */

/** Anything JSON can say, with integers beyond 2^53 as `bigint`. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

// Stage-4 ECMAScript (JSON.parse source text access) that TypeScript's library does not describe yet.
declare global {
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

const exactInteger = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? JSON.rawJSON(value.toString()) : value;

/** Like `JSON.stringify`, writing `bigint` as a plain JSON integer. `indent` is in spaces. */
export function stringifyJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, exactInteger, indent);
}

/**
 * Like `JSON.parse`, reading an integer literal that a double cannot hold exactly as `bigint`.
 *
 * @throws {SyntaxError} when `text` is not JSON
 */
export function parseJson(text: string): Json {
  const reviver = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === "number" && !Number.isSafeInteger(value) && context?.source !== undefined &&
      /^-?\d+$/.test(context.source)
      ? BigInt(context.source)
      : value;
  return JSON.parse(text, reviver) as Json;
}

/** `value` with the keys of every object in alphabetical order, as the CLI prints them. */
export function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value as { readonly [key: string]: Json | undefined });
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(
    entries.map(([key, item]) => [key, item === undefined ? item : sortKeys(item)]),
  );
}
