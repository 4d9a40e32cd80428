/**
 * JSON with exact integers: `bigint` in, `bigint` out where a double would lose digits, and
 * nothing but an integer literal passes for an integer.
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
  | JsonDecimal
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** A literal such as `1.0` or `1e3`: an integer in value only, so that schemas of integers refuse it. */
export class JsonDecimal {
  constructor(readonly value: number) {}

  toJSON(): number {
    return this.value;
  }
}

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
 * Like `JSON.parse`, reading an integer literal that a double cannot hold exactly as `bigint` and
 * a literal that only amounts to an integer as {@linkcode JsonDecimal}.
 *
 * @throws {SyntaxError} when `text` is not JSON, says half a surrogate pair or is nested too
 * deeply. The message does not quote the text: it may hold secrets.
 */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text, exactValue) as Json;
  } catch (error) {
    const tooDeep = error instanceof RangeError; // the stack is exhausted
    throw new SyntaxError(tooDeep ? "JSON is nested too deeply" : "Text is not valid JSON");
  }
}

function exactValue(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value === "string" && !value.isWellFormed()) throw new SyntaxError();
  if (typeof value !== "number" || context?.source === undefined) return value;
  if (!/^-?\d+$/.test(context.source)) {
    return Number.isInteger(value) ? new JsonDecimal(value) : value;
  }
  return Number.isSafeInteger(value) ? value : BigInt(context.source);
}

/** `value` with the keys of every object in alphabetical order, as the CLI prints them. */
export function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object" || value instanceof JsonDecimal) return value;
  const entries = Object.entries(value as { readonly [key: string]: Json | undefined });
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(
    entries.map(([key, item]) => [key, item === undefined ? item : sortKeys(item)]),
  );
}
