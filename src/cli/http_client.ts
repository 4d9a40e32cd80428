/**
 * The operator API as the commands call it.
 *
 * @module
 */

import type { z } from "zod";
import { errorText, exitCode, type ExitFamily } from "../core/errors.ts";
import { type Json, parseJson, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { CommandError } from "./command_error.ts";
import type { HttpFlags } from "./flags.ts";
import { type Exchange, exchange, type HttpAnswer, openStream } from "./http_exchange.ts";
import { holdInterrupts } from "./interrupts.ts";
import { operatorToken } from "./operator_token.ts";

const TIMEOUT_MS: Readonly<Record<ExitFamily, number>> = {
  rule: 30_000,
  user: 10_000,
  owner_cap: 10_000,
  client: 10_000,
  publish: 30_000,
  local: 10_000,
};

export interface ApiOptions {
  readonly flags: HttpFlags;
  readonly family: ExitFamily;
  readonly io: ProcessIo;
}

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path below `/v1`, made with `apiPath`. */
  readonly path: string;
  readonly body?: Json;
  /** A file that is sent instead, with its length in bytes. */
  readonly file?: { readonly content: AsyncIterable<Uint8Array>; readonly length: number };
  /** Milliseconds the server may take on top of the usual, because the request waits for an edge. */
  readonly extraTimeoutMs?: number;
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
  const where = issue?.path.map((part) => `${String(part)}: `).join("") ?? "";
  throw new CommandError(`error: parse response: ${where}${issue?.message}`, 1);
}

/**
 * Calls the API and returns the body, `null` for an empty one.
 *
 * @throws {CommandError} with the exit status of the command's family
 */
export async function callApi(options: ApiOptions, request: ApiRequest): Promise<Json> {
  const answer = await send(options, request, await operatorToken(options.io));
  const { status, text } = answer;
  if (!isSuccess(status)) throw refusal(options.family, answer);
  if (text === "") return null;
  try {
    return parseJson(text);
  } catch (error) {
    throw new CommandError(`error: parse response: ${errorText(error)}`, 1);
  }
}

const isSuccess = (status: number) => status >= 200 && status <= 299;

async function send(
  options: ApiOptions,
  request: ApiRequest,
  token: string,
): Promise<HttpAnswer> {
  const changes = request.method !== "GET";
  using interrupts = changes ? holdInterrupts(options.io) : null;
  try {
    const parts = await exchangeOf(options, request, token);
    return await exchange(interrupts ? { ...parts, signal: interrupts.signal } : parts);
  } catch (error) {
    throw error instanceof CommandError ? error : new TransportError(error);
  }
}

/** No complete answer came. */
export class TransportError extends CommandError {
  constructor(cause: unknown) {
    super(`error: http: ${errorText(cause)}`, 1);
  }
}

async function exchangeOf(
  { flags: { httpEndpoint, endpointUrl, caFile }, family }: ApiOptions,
  { method, path, body, file, extraTimeoutMs = 0 }: ApiRequest,
  token: string,
): Promise<Exchange> {
  const content = body === undefined ? undefined : stringifyJson(body);
  return {
    base: new URL(endpointUrl ?? `http://${httpEndpoint}`),
    ...(caFile === undefined ? {} : { ca: await Deno.readTextFile(caFile) }),
    method,
    path: `/v1${path}`,
    headers: {
      Accept: "application/json",
      Authorization: `Bearer ${token}`,
      ...(content === undefined ? {} : { "Content-Type": "application/json" }),
      ...(file && {
        "Content-Type": "application/octet-stream",
        "Content-Length": String(file.length),
      }),
    },
    ...(file && { content: file.content }),
    ...(content === undefined ? {} : { body: content }),
    timeoutMs: TIMEOUT_MS[family] + extraTimeoutMs,
  };
}

/** How long a stream of events may be silent, in milliseconds: it says so every 30 s. */
const STREAM_SILENCE_MS = 90_000;

/**
 * Yields once for each server-sent event of the API, until the stream ends.
 *
 * @param signal ends the loop without an error
 * @throws {CommandError} as {@linkcode callApi}
 */
export async function* followApi(
  options: ApiOptions,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<void, void, undefined> {
  const token = await operatorToken(options.io);
  try {
    const request = await exchangeOf(options, { method: "GET", path }, token);
    const stream = await openStream({ ...request, signal, timeoutMs: STREAM_SILENCE_MS });
    const lines = textLines(stream.body);
    if (!isSuccess(stream.status)) {
      throw refusal(options.family, { ...stream, text: (await Array.fromAsync(lines)).join("\n") });
    }
    for await (const line of lines) if (line.startsWith("data:")) yield;
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof CommandError ? error : new TransportError(error);
  }
}

async function* textLines(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
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
