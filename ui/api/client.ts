/**
 * The operator API as a function: operations by name, answers as results that cannot be ignored.
 *
 * @module
 */

import type { Operations } from "./types.ts";

/** The name of an operation, as in `GET /v1/rules`. */
export type OperationName = keyof Operations;

/** Why a request has no answer. */
export interface ApiError {
  /** The HTTP status; 0 when the server could not be reached. */
  readonly status: number;
  /** A code of the API, `http_<status>`, `unreachable` or `timed_out`. */
  readonly code: string;
  readonly message: string;
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ApiError };

type Given<T> = { [K in keyof T as T[K] extends undefined ? never : K]: T[K] };

/** The path, query and body of an operation, as far as it has them. */
export type Request<K extends OperationName> = Given<
  Pick<Operations[K], "path" | "query" | "body">
>;

/** What an operation answers with. */
export type Answer<K extends OperationName> = Operations[K]["answer"];

/** Operations that need to be told nothing. */
export type PlainOperation = {
  [K in OperationName]: keyof Request<K> extends never ? K : never;
}[OperationName];

interface AnyRequest {
  readonly path?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

let sessionLost: (() => void) | null = null;

/** Says who is told when the server no longer knows the session. */
export function onSessionLost(listener: () => void): void {
  sessionLost = listener;
}

/** Tells that the server no longer knows the session. */
export function reportSessionLost(): void {
  sessionLost?.();
}

let passwordWanted: (() => void) | null = null;

/** Says who is told when the server wants a new password before anything else. */
export function onPasswordWanted(listener: () => void): void {
  passwordWanted = listener;
}

/** After how long without an answer there is none. Argon2 and a client's answer take seconds. */
const TIMEOUT_MS = 30_000;

export interface CallOptions {
  /** @default {30000} */
  readonly timeoutMs?: number;
}

/** Calls an operation. Never rejects. */
export async function call<K extends OperationName>(
  operation: K,
  request: Request<K>,
  { timeoutMs = TIMEOUT_MS }: CallOptions = {},
): Promise<Result<Answer<K>>> {
  const { path, query, body } = request as AnyRequest;
  const [method = "GET", template = "/"] = operation.split(" ");
  try {
    const response = await fetch(urlOf(template, path, query), {
      method,
      credentials: "same-origin",
      // A page that is closed still gets its last changes through.
      keepalive: method === "DELETE",
      headers: headersOf(method, body),
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.ok) return { ok: true, value: answerOf(response, text) as Answer<K> };
    const error = errorOf(response, text);
    const isLost = response.status === 401 && !SESSION_PROBES.has(operation) &&
      !WRONG_SECRETS.has(error.code);
    if (isLost) reportSessionLost();
    if (error.code === "password_change_required") passwordWanted?.();
    return { ok: false, error };
  } catch (reason) {
    const late = reason instanceof DOMException && reason.name === "TimeoutError";
    const code = late ? "timed_out" : "unreachable";
    return { ok: false, error: { status: 0, code, message: code } };
  }
}

/** Operations whose 401 says something other than that the session ended. */
const SESSION_PROBES: ReadonlySet<OperationName> = new Set<OperationName>([
  "GET /v1/users/me",
  "POST /v1/auth/login",
  "POST /v1/auth/logout",
]);

/** Codes of a 401 that are about what was typed. */
const WRONG_SECRETS: ReadonlySet<string> = new Set([
  "invalid_login",
  "totp_invalid",
  "totp_required",
]);

/** The address of an operation, relative to the page's own origin. */
export function urlOf(
  template: string,
  path: AnyRequest["path"] = {},
  query: AnyRequest["query"] = {},
): string {
  const pathname = template.replaceAll(
    /\{(\w+)\}/g,
    (_, name: string) => encodeURIComponent(`${path[name]}`),
  );
  const given = Object.entries(query).filter((it): it is [string, string] => it[1] !== undefined);
  return given.length === 0 ? pathname : `${pathname}?${new URLSearchParams(given)}`;
}

function headersOf(method: string, body: unknown): Record<string, string> {
  return {
    Accept: "application/json",
    ...(method === "GET" ? {} : { "X-Portunus-CSRF": "1" }),
    ...(body === undefined ? {} : { "Content-Type": "application/json" }),
  };
}

function answerOf(response: Response, text: string): unknown {
  if (response.status === 204) return undefined;
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  return isJson ? JSON.parse(text) : text;
}

/** The error of an answer that is not a success, whatever its body is. */
export function errorOf({ status, statusText }: Response, text: string): ApiError {
  try {
    const { error: { code, message } } = JSON.parse(text);
    if (typeof code === "string" && typeof message === "string") return { status, code, message };
  } catch {
    // Bodies that could not be decoded, and proxies, are answered with plain text.
  }
  return { status, code: `http_${status}`, message: text.trim() || statusText || `${status}` };
}

/** An error as one line: the code once, and the message where it says more. */
export function errorText({ code, message }: ApiError): string {
  return message === code || message.startsWith(`${code}:`) ? message : `${code}: ${message}`;
}
