/**
 * The operator API as the commands call it.
 *
 * @module
 */

import type { z } from "zod";
import { errorText, exitCode, type ExitFamily } from "../core/errors.ts";
import { type Json, parseJson, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { exchange, type HttpAnswer } from "./http_exchange.ts";

/** A command that ends with a line on stderr and an exit status. */
export class CommandError extends Error {
  override readonly name = "CommandError";

  /** @param line all of it, `error: ` included where the contract has it */
  constructor(line: string, readonly exit: number) {
    super(line);
  }
}

const TOKEN_VARIABLE = "PORTUNUS_OPERATOR_TOKEN";

const VISIBLE_ASCII = /^[\x20-\x7e]+$/;

const TIMEOUT_MS: Readonly<Record<ExitFamily, number>> = {
  rule: 30_000,
  user: 10_000,
  owner_cap: 10_000,
  local: 10_000,
};

export interface ApiOptions {
  /** `host:port` of the operator HTTP API. */
  readonly endpoint: string;
  readonly family: ExitFamily;
  readonly io: ProcessIo;
}

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path below `/v1`, made with {@linkcode apiPath}. */
  readonly path: string;
  readonly body?: Json;
  /** Milliseconds the server may take on top of the usual, because the request waits for an edge. */
  readonly extraTimeoutMs?: number;
}

/** A template tag that escapes what is put into a path or query. */
export function apiPath(
  parts: TemplateStringsArray,
  ...values: readonly (string | bigint)[]
): string {
  return parts.reduce((path, part, i) =>
    `${path}${encodeURIComponent(String(values[i - 1]))}${part}`
  );
}

/**
 * Calls the API for an answer of a known shape.
 *
 * @throws {CommandError} with the exit status of the command's family
 */
export async function fetchAnswer<T extends z.ZodType>(
  options: ApiOptions,
  request: ApiRequest,
  schema: T,
): Promise<z.output<T>> {
  const result = schema.safeParse(await callApi(options, request));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CommandError(`error: parse response: ${issue?.path.join(".")}: ${issue?.message}`, 1);
}

/**
 * Calls the API and returns the body, `null` for an empty one.
 *
 * @throws {CommandError} with the exit status of the command's family
 */
export async function callApi(options: ApiOptions, request: ApiRequest): Promise<Json> {
  const token = options.io.env(TOKEN_VARIABLE) ?? "";
  if (token === "") {
    throw new CommandError(
      `error: unauthenticated (set ${TOKEN_VARIABLE} to an operator token)`,
      4,
    );
  }
  const answer = await send(options, request, token);
  const { status, text } = answer;
  if (status < 200 || status > 299) throw refusal(options.family, answer);
  if (text === "") return null;
  try {
    return parseJson(text);
  } catch (error) {
    throw new CommandError(`error: parse response: ${(error as Error).message}`, 1);
  }
}

async function send(
  { endpoint, family }: ApiOptions,
  { method, path, body, extraTimeoutMs = 0 }: ApiRequest,
  token: string,
): Promise<HttpAnswer> {
  // The runtime's own refusal of a header value might show it.
  if (!VISIBLE_ASCII.test(token)) {
    throw new CommandError(`error: http: ${TOKEN_VARIABLE} cannot be sent in a header`, 1);
  }
  const content = body === undefined ? undefined : stringifyJson(body);
  try {
    return await exchange({
      endpoint,
      method,
      path: `/v1${path}`,
      headers: {
        Accept: "application/json",
        Authorization: `Bearer ${token}`,
        ...(content === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(content === undefined ? {} : { body: content }),
      timeoutMs: TIMEOUT_MS[family] + extraTimeoutMs,
    });
  } catch (error) {
    throw new CommandError(`error: http: ${errorText(error)}`, 1);
  }
}

/** The error envelope as an error line; anything else as its status line. */
function refusal(family: ExitFamily, { status, statusText, text }: HttpAnswer): CommandError {
  const envelope = readEnvelope(text);
  if (!envelope) {
    return new CommandError(
      `error: server returned ${status} ${statusText}`.trimEnd(),
      1,
    );
  }
  return new CommandError(
    `error: ${envelope.code} (${envelope.message})`,
    exitCode(envelope.code, family),
  );
}

function readEnvelope(text: string): { code: string; message: string } | null {
  try {
    const body = parseJson(text) as { error?: { code?: unknown; message?: unknown } } | null;
    const { code, message } = body?.error ?? {};
    return typeof code === "string" && typeof message === "string" ? { code, message } : null;
  } catch {
    return null;
  }
}
