/**
 * The head of a request (RFC 9112 §3), read strictly.
 *
 * @module
 */

import { INGRESS } from "../../../core/publish_limits.ts";
import { BadMessage } from "./bad_message.ts";
import { type Field, isToken, readFields } from "./field_lines.ts";
import { type Framing, readControl } from "./framing.ts";

export interface RequestHead {
  readonly method: string;
  /** Path and query, or `*`. */
  readonly target: string;
  /** Of the version: HTTP/1.0 or HTTP/1.1. */
  readonly minor: 0 | 1;
  /** Whom it is for, in lower case: without the port and a dot at the end. */
  readonly host: string;
  /** The `Host` field, in lower case: with the port, where one was given. */
  readonly authority: string;
  readonly fields: readonly Field[];
  readonly framing: Framing;
  /** Members of `Connection`, in lower case. */
  readonly connection: readonly string[];
  /** Whether another request may follow on the connection. */
  readonly keepAlive: boolean;
  /** Whether the client wants to go on with WebSocket (RFC 6455 §4.1). */
  readonly isWebSocket: boolean;
}

const NO_BODY: Framing = { kind: "none" };

/**
 * Reads a head from its lines, each of which ends with CRLF, as one character for each byte.
 *
 * @throws {BadMessage} 400 for what is malformed or ambiguous, 405 for methods that make no sense
 * here, 414, 417, 431, 505
 */
export function parseRequestHead(lines: string): RequestHead {
  const end = lines.indexOf("\r\n");
  if (end < 0) throw new BadMessage(400, "no request line");
  if (end > INGRESS.requestLineMaxBytes) throw new BadMessage(414, "the request line is too long");
  const { method, target, minor } = parseRequestLine(lines.slice(0, end));
  const fields = readFields(lines, end + 2, INGRESS.fieldsMax);
  const { framing, connection, upgrade } = readControl(fields, minor);
  const authority = hostField(fields);
  checkExpectation(fields);
  const hasBody = framing !== null && !(framing.kind === "length" && framing.bytes === 0);
  return {
    method,
    target: originForm(target, method, authority),
    minor,
    host: hostOf(authority),
    authority,
    fields,
    framing: framing ?? NO_BODY,
    connection,
    keepAlive: minor === 1 && !connection.includes("close"),
    isWebSocket: minor === 1 && method === "GET" && !hasBody && upgrade === "websocket" &&
      connection.includes("upgrade"),
  };
}

function parseRequestLine(line: string): { method: string; target: string; minor: 0 | 1 } {
  const [method = "", target = "", version = "", ...more] = line.split(" ");
  if (more.length > 0 || !isToken(method) || !/^[\x21-\x7e]+$/.test(target)) {
    throw new BadMessage(400, "malformed request line");
  }
  if (!/^HTTP\/\d\.\d$/.test(version)) throw new BadMessage(400, "malformed version");
  if (!version.startsWith("HTTP/1.")) throw new BadMessage(505, "unknown version");
  if (method === "CONNECT" || method === "TRACE") throw new BadMessage(405, "unwanted method");
  return { method, target, minor: version === "HTTP/1.0" ? 0 : 1 };
}

/** The one `Host` that there has to be. An empty one would be for no host at all. */
function hostField(fields: readonly Field[]): string {
  const [host, ...more] = fields.filter(({ key }) => key === "host");
  if (host === undefined || more.length > 0) throw new BadMessage(400, "not exactly one Host");
  if (!AUTHORITY.test(host.value)) throw new BadMessage(400, "malformed Host");
  return host.value.toLowerCase();
}

/** A name or an address, and perhaps a port: nobody's user name, and nothing encoded. */
const AUTHORITY = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*)|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

function hostOf(authority: string): string {
  return authority.replace(/:[0-9]+$/, "").replace(/\.$/, "");
}

/** `target` as an upstream gets it. The absolute form must name the host that `Host` names. */
function originForm(target: string, method: string, authority: string): string {
  if (target.includes("#")) throw new BadMessage(400, "a fragment in the request target");
  if (target.startsWith("/")) return target;
  if (target === "*" && method === "OPTIONS") return target;
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(target);
  if (absolute === null) throw new BadMessage(400, "malformed request target");
  const [, named = "", rest = ""] = absolute;
  if (named.toLowerCase() !== authority) {
    throw new BadMessage(400, "the request target names another host than Host");
  }
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function checkExpectation(fields: readonly Field[]): void {
  for (const { key, value } of fields) {
    if (key === "expect" && value.toLowerCase() !== "100-continue") {
      throw new BadMessage(417, "unknown expectation");
    }
  }
}
