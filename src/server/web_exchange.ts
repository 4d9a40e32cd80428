/**
 * Between `node:http` and the web's `Request` and `Response`, which the API is written for.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../core/clock.ts";
import { HTTP_CONNECTIONS } from "../core/limits.ts";
import { type BodyTime, chunksOf } from "./body_time.ts";

/**
 * What was asked. The body is read when the handler reads it; with `idle` each piece of it has that
 * long to come.
 *
 * @throws {TypeError} for a host, a target or a method that a `Request` cannot have
 */
export function toRequest(message: IncomingMessage, idle: BodyTime | null = null): Request {
  const { method = "GET", headers: { host = "localhost" } } = message;
  const url = `http://${host}${pathOf(message.url ?? "/")}`;
  const headers = new Headers();
  const raw = message.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) headers.append(raw[i] ?? "", raw[i + 1] ?? "");
  if (!hasBody(message)) return new Request(url, { method, headers });
  return new Request(url, { method, headers, body: ReadableStream.from(chunksOf(message, idle)) });
}

/** Whether a body follows the headers; one that a GET brings is passed over. */
export function hasBody({ method, headers }: IncomingMessage): boolean {
  if (method === "GET" || method === "HEAD") return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Path and query of a request target: all there is of it, unless it was sent to a proxy. */
function pathOf(target: string): string {
  if (target.startsWith("/")) return target;
  if (!URL.canParse(target)) return `/${target}`;
  const { pathname, search } = new URL(target);
  return `${pathname}${search}`;
}

/** Sends an answer, and resolves when that is over. A peer that takes nothing of it is cut. */
export async function sendResponse(
  response: Response,
  to: ServerResponse,
  clock: Clock,
): Promise<void> {
  to.statusCode = response.status;
  for (const [name, value] of response.headers) to.appendHeader(name, value);
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (isStream && response.body) return await sendStream(response.body, to, clock);
  const body = new Uint8Array(await response.arrayBuffer());
  const cut = () => to.destroy();
  const deadline = clock.timer(HTTP_CONNECTIONS.stalledTimeoutMs, cut);
  to.once("close", () => deadline[Symbol.dispose]());
  if (to.destroyed) return deadline[Symbol.dispose]();
  if (body.length > 0) to.setHeader("Content-Length", body.length);
  to.end(body);
}

/** Everything but an event stream is in memory anyway; this one lasts, and may be silent. */
async function sendStream(
  body: ReadableStream<Uint8Array>,
  to: ServerResponse,
  clock: Clock,
): Promise<void> {
  const reader = body.getReader();
  const onClose = () => void reader.cancel().catch(() => undefined);
  if (to.destroyed) return onClose();
  to.once("close", onClose);
  to.flushHeaders();
  while (true) {
    const { done, value } = await reader.read();
    if (done || to.destroyed) break;
    if (!to.write(value)) await drained(to, clock);
  }
  to.end();
}

/** Resolves when `to` takes more, or is over. */
async function drained(to: ServerResponse, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _ = clock.timer(HTTP_CONNECTIONS.stalledTimeoutMs, () => to.destroy());
  to.once("drain", resolve);
  to.once("close", resolve);
  await promise;
  to.off("drain", resolve);
  to.off("close", resolve);
}
