/**
 * What a method of a path takes, does and answers, said once: the same schemas check requests,
 * type the handlers and make the OpenAPI document.
 *
 * @module
 */

import type { Handler } from "hono";
import { z } from "zod";
import { AccessError, type ErrorCode, PortunusError } from "../core/errors.ts";
import { requireOwner } from "../identity/operators.ts";
import { StoreError } from "../store/database.ts";
import {
  type AppContext,
  type AppEnv,
  DecodeError,
  readJson,
  readOptionalJson,
  sendJson,
} from "./http.ts";

/**
 * Who may call. `superadmin`, and `self` (the user of the path, or a superadmin), are seen to
 * before the handler runs; the others are the handler's to check.
 */
export type Caller = "anyone" | "session" | "operator" | "owner" | "self" | "superadmin";

/** The answer of a call that went well. */
export type Success<View extends z.ZodType> =
  /** JSON of a view. */
  | {
    readonly status: 200 | 201 | 202;
    readonly description: string;
    readonly view: View;
    readonly example: unknown;
  }
  /** Nothing. */
  | { readonly status: 204; readonly description: string }
  /** Something else, which the handler makes a response of. */
  | {
    readonly status: 200;
    readonly description: string;
    readonly mediaType: string;
    readonly example: string;
  };

/** What is published of an operation. */
export interface OperationDoc {
  /** A verb and its object, without a period. */
  readonly summary: string;
  readonly description?: string;
  readonly caller: Caller;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Whether a request without a body counts as `{}`. */
  readonly bodyIsOptional?: true;
  /** What the OpenAPI document shows of a request's body. */
  readonly bodyExample?: unknown;
  /** A body of bytes, which the handler reads as they come in. */
  readonly upload?: { readonly mediaType: string; readonly description: string };
  readonly success: Success<z.ZodType>;
  /** Codes beyond those that every operation of its kind can answer with. */
  readonly errors: readonly ErrorCode[];
  /** What the handler's failing store is answered as. @default {"store_error"} */
  readonly storeFailure?: "internal" | "internal_error";
}

/** A method of a path. */
export interface Operation {
  readonly doc: OperationDoc;
  readonly handle: Handler<AppEnv>;
}

type Input<Schema extends z.ZodType | undefined> = Schema extends z.ZodType ? z.output<Schema>
  : undefined;

/** What a handler is given beside the request. */
export interface Decoded<
  Body extends z.ZodType | undefined,
  Query extends z.ZodObject | undefined,
> {
  readonly body: Input<Body>;
  readonly query: Input<Query>;
}

type Result<S extends Success<z.ZodType>> = S extends { readonly view: infer View }
  ? View extends z.ZodType ? z.input<View> : never
  : S extends { readonly status: 204 } ? void
  : Response;

/** {@linkcode OperationDoc}, and the handler whose input and result have the types it declares. */
export interface OperationSpec<
  Body extends z.ZodType | undefined,
  Query extends z.ZodObject | undefined,
  S extends Success<z.ZodType>,
> extends Omit<OperationDoc, "query" | "body" | "success"> {
  readonly query?: Query;
  readonly body?: Body;
  readonly success: S;
  /** What a caller who is no superadmin is told, where it is not `rbac: role_required`. */
  readonly refusal?: string;
  readonly handle: (
    c: AppContext,
    input: Decoded<Body, Query>,
  ) => Result<S> | Promise<Result<S>>;
}

/** Puts an operation together: decode, see who may call, handle, answer. */
export function operation<
  const S extends Success<z.ZodType>,
  Body extends z.ZodType | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
>(spec: OperationSpec<Body, Query, S>): Operation {
  const { refusal, handle, ...doc } = spec;
  return {
    doc: doc as OperationDoc,
    async handle(c) {
      const input = { body: await bodyOf(c, spec), query: queryOf(c, spec.query) };
      requireCaller(c, spec.caller, refusal);
      const result = await namingStoreFailure(
        spec.storeFailure,
        async () => await handle(c, input as Decoded<Body, Query>),
      );
      return answer(c, spec.success, result);
    },
  };
}

/** @throws {PortunusError} `code`, if there is one, for what the store refuses */
async function namingStoreFailure<T>(
  code: ErrorCode | undefined,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (code === undefined || !(cause instanceof StoreError)) throw cause;
    throw new PortunusError(code, undefined, { cause });
  }
}

function answer(c: AppContext, success: Success<z.ZodType>, result: unknown): Response {
  if (success.status === 204) return c.body(null, 204);
  return "view" in success ? sendJson(c, result, success.status) : result as Response;
}

async function bodyOf(
  c: AppContext,
  { body, bodyIsOptional }: {
    readonly body?: z.ZodType | undefined;
    readonly bodyIsOptional?: true;
  },
): Promise<unknown> {
  if (body === undefined) return undefined;
  return bodyIsOptional ? await readOptionalJson(c, body) : await readJson(c, body);
}

/** @throws {DecodeError} 400 for a parameter that is missing, malformed or there twice */
function queryOf(c: AppContext, query: z.ZodObject | undefined): unknown {
  if (query === undefined) return undefined;
  const repeated = Object.keys(query.shape).find((name) => (c.req.queries(name)?.length ?? 0) > 1);
  if (repeated !== undefined) throw new DecodeError(400, `The query says ${repeated} twice`);
  const result = query.safeParse(c.req.query());
  if (result.success) return result.data;
  const problems = result.error.issues.map((it) => `${it.path.join(".")}: ${it.message}`);
  throw new DecodeError(400, `The query does not fit: ${problems.join("; ")}`);
}

function requireCaller(c: AppContext, caller: Caller, refusal: string | undefined): void {
  if (caller === "self") requireOwner(c.get("operator"), c.req.param("user_id") ?? null);
  if (caller === "superadmin" && c.get("operator").role !== "superadmin") {
    throw new AccessError("role_required", refusal);
  }
}
