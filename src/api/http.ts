/**
 * The HTTP conventions all routes share: exact integers in JSON, one way to read a body.
 *
 * @module
 */

import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "zod";
import { PortunusError } from "../core/errors.ts";
import { parseUlid } from "../core/ids.ts";
import { type Json, parseJson, stringifyJson } from "../core/json.ts";
import { type JsonPath, repeatedKeys } from "../core/json_keys.ts";
import { HTTP } from "../core/limits.ts";
import type { Operator } from "../identity/operators.ts";

/** What middleware leaves for handlers. */
export interface AppEnv {
  Bindings: { readonly remoteIp: string };
  Variables: RequestFacts;
}

/** What is known of a request, as it becomes known; `middleware/outcome.ts` reads it at the end. */
export interface RequestFacts {
  /** Who is asking. Handlers can rely on it. */
  operator: Operator;
  /** How the operator was recognised; set together with it. */
  authMethod?: "bearer" | "cookie";
  /** Set once nothing but the handler can refuse the request. */
  accepted?: true;
  /** Why the request is denied, where that is not the code it is answered with. */
  denyReason?: string;
}

export type AppContext = Context<AppEnv>;

/** A request that could not be decoded: answered as plain text, before any check of the handler. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";

  constructor(readonly status: 400 | 408 | 413 | 415 | 422, message: string) {
    super(message);
  }
}

/** Answers with JSON; `bigint` is written as an integer. */
export function sendJson(
  c: AppContext,
  value: unknown,
  status: ContentfulStatusCode = 200,
): Response {
  return c.body(stringifyJson(value), status, { "Content-Type": "application/json" });
}

/** Reads a body as {@linkcode readJson} does; a request without one counts as `{}`. */
export async function readOptionalJson<T extends z.ZodType>(
  c: AppContext,
  schema: T,
): Promise<z.output<T>> {
  const { body, headers } = c.req.raw;
  const isEmpty = body === null || headers.get("content-length") === "0";
  return isEmpty ? schema.parse({}) : await readJson(c, schema);
}

const JSON_MEDIA_TYPE = /^application\/(?:json|[^;\s]+\+json)\s*(?:;|$)/i;

/**
 * Reads and checks a JSON body.
 *
 * @throws {DecodeError} 415 wrong media type, 413 too large, 400 not JSON, 422 JSON of another
 * shape, or with a key of the schema twice
 */
export async function readJson<T extends z.ZodType>(
  c: AppContext,
  schema: T,
): Promise<z.output<T>> {
  if (!JSON_MEDIA_TYPE.test(c.req.header("content-type") ?? "")) {
    throw new DecodeError(415, "Expected request with `Content-Type: application/json`");
  }
  const text = await readText(c.req.raw);
  const result = schema.safeParse(parseBody(text));
  const repeated = repeatedKeys(text).find((path) => knows(schema, path));
  if (repeated) {
    throw new DecodeError(422, `The request body says ${repeated.join(".")} twice`);
  }
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    `${path.join(".") || "body"}: ${message}`
  );
  throw new DecodeError(422, `The request body does not fit: ${problems.join("; ")}`);
}

/** Whether `schema` has a member at `path`; what it does not know may be there any number of times. */
function knows(schema: z.ZodType, path: JsonPath): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return knows(schema.unwrap() as z.ZodType, path);
  }
  if (schema instanceof z.ZodArray) return knows(schema.element as z.ZodType, rest);
  if (!(schema instanceof z.ZodObject)) return false;
  if (!Object.hasOwn(schema.shape, first)) return false;
  return knows((schema.shape as Readonly<Record<string, z.ZodType>>)[first] ?? z.never(), rest);
}

/** The body as text, of a size that cannot hurt. */
async function readText(request: Request): Promise<string> {
  const tooLarge = new DecodeError(
    413,
    `The request body is larger than ${HTTP.bodyMaxBytes} bytes`,
  );
  if (Number(request.headers.get("content-length") ?? 0) > HTTP.bodyMaxBytes) throw tooLarge;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > HTTP.bodyMaxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return await new Blob(chunks).text();
}

function parseBody(text: string): Json {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new DecodeError(400, `The request body is not JSON: ${(cause as SyntaxError).message}`);
  }
}

const U64_MAX = 2n ** 64n - 1n;

/** A `{…}` of the path that is an unsigned 64-bit integer. @throws {DecodeError} 400 */
export function u64Param(c: AppContext, name: string): bigint {
  const text = c.req.param(name) ?? "";
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : U64_MAX + 1n;
  if (value > U64_MAX) {
    throw new DecodeError(400, `Cannot read ${name} "${text}": expected an unsigned integer`);
  }
  return value;
}

/** The canonical id of the client that the path names. @throws {PortunusError} `client_not_found` */
export function clientIdParam(c: AppContext): string {
  const id = parseUlid(c.req.param("client_id") ?? "");
  if (id === null) throw new PortunusError("client_not_found", "invalid client id");
  return id;
}
