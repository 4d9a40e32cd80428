/**
 * Between the web's `Request` and `Response`, which sites and gates are written for, and exchanges.
 *
 * @module
 */

import { type Exchange, field } from "./exchange.ts";
import type { Field } from "./http1/field_lines.ts";
import type { Framing } from "./http1/framing.ts";
import { reasonOf } from "./status_texts.ts";

/** What is encrypted at a time: a site may hand out a whole file. */
const PIECE_BYTES = 64 * 1024;

/**
 * The request, without its body.
 *
 * @throws {TypeError} for a target or a method that a `Request` cannot have
 */
export function toRequest({ head }: Exchange): Request {
  const { method, target, authority, fields } = head;
  const headers = new Headers();
  for (const { name, value } of fields) headers.append(name, value);
  const path = target === "*" ? "/" : target;
  return new Request(`https://${authority}${path}`, { method, headers });
}

/** Sends `response` as the answer, as fast as the client takes it. */
export async function sendResponse(
  exchange: Exchange,
  response: Response,
  setCookie: string | null = null,
): Promise<void> {
  const { status, body } = response;
  const fields: Field[] = [];
  for (const [name, value] of response.headers) {
    if (name !== "content-length") fields.push(field(name, value));
  }
  const framing = framingOf(exchange, response);
  const length = response.headers.get("content-length");
  // A client that asked for the head alone learns how long the body would be.
  if (framing.kind === "none" && length !== null) fields.push(field("Content-Length", length));
  exchange.begin({ status, reason: reasonOf(status), fields, connection: [], framing }, {
    setCookie,
  });
  if (body !== null && framing.kind === "none") await body.cancel();
  else if (body !== null) await sendBody(exchange, body, framing);
  await exchange.end();
}

function framingOf({ head: { method } }: Exchange, { status, headers, body }: Response): Framing {
  if (method === "HEAD" || status === 204 || status === 304) return { kind: "none" };
  if (body === null) return { kind: "length", bytes: 0 };
  const length = headers.get("content-length");
  return length === null ? { kind: "chunked" } : { kind: "length", bytes: Number(length) };
}

/** @throws {RangeError} when the body is not as long as was said; what reading it throws */
async function sendBody(
  exchange: Exchange,
  body: ReadableStream<Uint8Array>,
  framing: Framing,
): Promise<void> {
  const reader = body.getReader();
  let left = framing.kind === "length" ? framing.bytes : Infinity;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) break;
      left -= value.length;
      if (left < 0) throw new RangeError("A body that is longer than it says");
      for (let at = 0; at < value.length; at += PIECE_BYTES) {
        await exchange.write(value.subarray(at, at + PIECE_BYTES));
      }
    }
    if (framing.kind === "length" && left > 0) {
      throw new RangeError("A body that is shorter than it says");
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    throw error;
  }
}
