/**
 * Heads on their way through: what belongs to a connection stays on it, and what only the ingress
 * may say of a request comes from nobody else.
 *
 * @module
 */

import type { Field } from "./http1/field_lines.ts";
import type { Framing } from "./http1/framing.ts";
import type { RequestHead } from "./http1/request_head.ts";
import type { ResponseHead } from "./http1/response_head.ts";

/** Whom a request is from. */
export interface Origin {
  /** Address of the client, an IPv4 one as such. */
  readonly address: string;
  readonly scheme: "http" | "https";
  /** Who logged in, where a gate asked for it. */
  readonly user: { readonly name: string; readonly groups: readonly string[] } | null;
  /** The `Cookie` field to pass on; `undefined` for the client's own. */
  readonly cookie?: string | null | undefined;
}

/** Fields of one connection (RFC 9110 §7.6.1), and those that the ingress writes itself. */
const PER_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Fields that upstreams believe, because only a proxy should send them. What reads them may take
 * `_` or `.` for `-`, as CGI does.
 */
function isForgeable(key: string): boolean {
  if (!/^[rxf]/.test(key)) return false;
  const name = key.replace(/[^a-z0-9]/g, "-");
  return name.startsWith("remote-") || name.startsWith("x-forwarded-") || name === "x-real-ip" ||
    name === "forwarded";
}

/** Whether a trailer field may pass: it comes too late to frame, route or authenticate anything. */
export function isTrailer({ key }: Field): boolean {
  return !PER_CONNECTION.has(key) && !isForgeable(key) && !NOT_IN_TRAILERS.has(key);
}

const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "expect",
  "host",
  "proxy-authorization",
  "set-cookie",
  "trailer",
]);

/** The head of a request as an upstream gets it. */
export function requestHeadText(head: RequestHead, origin: Origin): string {
  const { method, target, authority, fields, framing, connection, isWebSocket } = head;
  const { address, scheme, user, cookie } = origin;
  let text = `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n`;
  for (const { name, key, value } of fields) {
    if (key === "host" || PER_CONNECTION.has(key) || isForgeable(key)) continue;
    if (connection.includes(key) || (key === "cookie" && cookie !== undefined)) continue;
    text += `${name}: ${value}\r\n`;
  }
  if (typeof cookie === "string") text += `Cookie: ${cookie}\r\n`;
  text +=
    `X-Real-IP: ${address}\r\nX-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${scheme}\r\n`;
  if (user !== null) {
    text += `Remote-User: ${user.name}\r\nRemote-Groups: ${user.groups.join(",")}\r\n`;
  }
  if (isWebSocket) text += "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  return `${text}${framingLine(framing)}\r\n`;
}

/** An answer, as far as its head says it. */
export type AnswerHead = Omit<ResponseHead, "keepAlive">;

/** How an answer reaches its client. */
export interface ResponseWay {
  readonly framing: Framing;
  /** Whether another request may follow. */
  readonly keepAlive: boolean;
  readonly isUpgrade?: boolean;
  /** A `Set-Cookie` of the gate. */
  readonly setCookie?: string | null | undefined;
}

/** The head of an answer as its client gets it. */
export function responseHeadText(head: AnswerHead, way: ResponseWay): string {
  const { status, reason, fields, connection } = head;
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (const { name, key, value } of fields) {
    if (connection.includes(key)) continue;
    // Where there is no body, it tells how long one would be (RFC 9110 §8.6).
    const tellsLength = key === "content-length" && way.framing.kind === "none" && status >= 200 &&
      status !== 204;
    if (PER_CONNECTION.has(key) && !tellsLength) continue;
    text += `${name}: ${value}\r\n`;
  }
  if (typeof way.setCookie === "string") text += `Set-Cookie: ${way.setCookie}\r\n`;
  if (way.isUpgrade) text += "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  else if (!way.keepAlive && status >= 200) text += "Connection: close\r\n";
  return `${text}${framingLine(way.framing)}\r\n`;
}

function framingLine(framing: Framing): string {
  switch (framing.kind) {
    case "length":
      return `Content-Length: ${framing.bytes}\r\n`;
    case "chunked":
      return "Transfer-Encoding: chunked\r\n";
    case "none":
    case "close":
      return "";
    default: {
      const unknown: never = framing;
      return unknown;
    }
  }
}
