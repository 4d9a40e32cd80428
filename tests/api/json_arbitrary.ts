/**
 * Inputs for the API made from its own schemas: what fits, what nearly fits, and what does not.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { type Json, stringifyJson } from "../../src/core/json.ts";

/** The part of JSON Schema that the schemas of bodies come to. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly Json[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Strings that mean something somewhere, among others. */
const text = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "*",
    "tcp",
    "udp",
    "v1",
    "edge-01",
    "alice",
    "_superadmin",
    "superadmin",
  ),
  fc.constantFrom("127.0.0.1", "[::1]", "example.com", "*.example.com", "a.b:1", "../x", "%00"),
  fc.constantFrom(
    "\u0000",
    "\ud83d\ude00",
    "\u202e",
    "x".repeat(300),
    "01JABCDEFGHJKMNPQRSTVWXYZ0",
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
);

const integer = fc.oneof(
  fc.constantFrom<Json>(0, 1, -1, 65535, 65536, 2 ** 31, 2 ** 32, 2 ** 53, 300, 18080),
  fc.constantFrom<Json>(
    2n ** 53n + 1n,
    2n ** 63n,
    2n ** 64n - 1n,
    2n ** 64n,
    -(2n ** 63n),
    10n ** 30n,
  ),
);

/** Any JSON. */
const junk: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, 1.5, 1e308, [], {}),
  integer,
  text,
  fc.array(integer, { maxLength: 3 }),
  fc.nat(200).map((depth) => {
    let json: Json = 0;
    for (let i = 0; i < depth; i++) json = i % 2 === 0 ? [json] : { a: json };
    return json;
  }),
);

/** A value of the schema, or in its place, now and then, something else. */
function valueOf(schema: Schema): fc.Arbitrary<Json> {
  return fc.oneof({ weight: 9, arbitrary: fitting(schema) }, { weight: 1, arbitrary: junk });
}

function fitting(schema: Schema): fc.Arbitrary<Json> {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(fitting));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (Array.isArray(schema.type)) {
    return fc.oneof(...schema.type.map((type: string) => fitting({ ...schema, type })));
  }
  switch (schema.type) {
    case "object": {
      const members: Record<string, fc.Arbitrary<Json>> = {};
      for (const [name, it] of Object.entries(schema.properties ?? {})) members[name] = valueOf(it);
      return fc.record(members, { requiredKeys: [] });
    }
    case "array":
      return fc.array(valueOf(schema.items ?? {}), { maxLength: 10 });
    case "string":
      return text;
    case "integer":
    case "number":
      return fc.oneof(fc.integer({ min: 0, max: 40_000 }), integer);
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case undefined:
      return junk;
    default:
      return assert.fail(`no arbitrary for ${schema.type}`);
  }
}

/** Texts of bodies for `schema`, starting from `example`, which fits. */
export function bodyText(schema: z.ZodType, example: Json): fc.Arbitrary<string> {
  const made = valueOf(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema);
  const merged = fc.tuple(made, fc.boolean()).map(([json, keep]) =>
    keep && isObject(json) && isObject(example) ? { ...example, ...json } : json
  );
  const json = fc.oneof(
    { weight: 8, arbitrary: merged },
    { weight: 1, arbitrary: junk },
    { weight: 1, arbitrary: fc.constant(example) },
  ).map((value) => stringifyJson(value));
  return fc.oneof({ weight: 9, arbitrary: json }, {
    weight: 1,
    arbitrary: fc.oneof(broken(json), text),
  });
}

function isObject(json: Json): json is { readonly [key: string]: Json | undefined } {
  return json !== null && typeof json === "object" && !Array.isArray(json);
}

/** A text cut somewhere, with something put in its place. */
function broken(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const insert = fc.constantFrom("", "}", '"', ",", '{"a":1,', "\u0000", '"client":"x",', "[[[[");
  return fc.tuple(texts, fc.nat(), insert).map(([whole, at, piece]) => {
    const cut = at % (whole.length + 1);
    return whole.slice(0, cut) + piece + whole.slice(cut);
  });
}

/** What may stand in a path or a query. */
export const parameterText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("0", "1", "-1", "18446744073709551615", "18446744073709551616", "1e3", "me"),
  fc.constantFrom("alice", "_superadmin", "ALICE", "01JABCDEFGHJKMNPQRSTVWXYZ0", "edge-01", "true"),
  fc.constantFrom("2026-05-07T10:00:00Z", "9999999-01-01T00:00:00Z", "MTIz", "1m", "1h", "allow"),
  text,
).filter((it) => it.isWellFormed());
