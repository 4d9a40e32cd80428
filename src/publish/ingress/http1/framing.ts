/**
 * Where the body of a message ends (RFC 9112 §6.3).
 *
 * @module
 */

import { BadMessage } from "./bad_message.ts";
import { type Field, listMembers } from "./field_lines.ts";

export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  /** The connection's end is the body's: answers alone can be so. */
  | { readonly kind: "close" };

/** What the fields of a message say about the connection and the body on it. */
export interface MessageControl {
  /** `null` where no field says how long the body is. */
  readonly framing: Framing | null;
  /** Members of `Connection`: what belongs to this connection only. */
  readonly connection: readonly string[];
  readonly upgrade: string | null;
}

/** A name in `Connection` that would take away what others rely on to read the message. */
const NOT_PER_CONNECTION: ReadonlySet<string> = new Set([
  "content-length",
  "host",
  "transfer-encoding",
]);

/**
 * Reads the fields that control framing, and refuses every combination that somebody else could
 * read otherwise: two lengths, a length beside a coding, a coding that is not just `chunked`, a
 * coding in HTTP/1.0.
 *
 * @throws {BadMessage} 400
 */
export function readControl(fields: readonly Field[], minor: number): MessageControl {
  let length: string | null = null;
  let coding: string | null = null;
  let upgrade: string | null = null;
  let connection: readonly string[] = [];
  for (const { key, value } of fields) {
    switch (key) {
      case "content-length":
        if (length !== null) throw new BadMessage(400, "more than one Content-Length");
        length = value;
        break;
      case "transfer-encoding":
        if (coding !== null) throw new BadMessage(400, "more than one Transfer-Encoding");
        coding = value;
        break;
      case "connection":
        connection = connection.concat(listMembers(value));
        break;
      case "upgrade":
        upgrade = upgrade === null ? value.toLowerCase() : `${upgrade},${value.toLowerCase()}`;
        break;
    }
  }
  if (connection.some((name) => NOT_PER_CONNECTION.has(name))) {
    throw new BadMessage(400, "Connection names a field that frames the message");
  }
  return { framing: framingOf(length, coding, minor), connection, upgrade };
}

function framingOf(length: string | null, coding: string | null, minor: number): Framing | null {
  if (coding !== null) {
    if (length !== null) throw new BadMessage(400, "Content-Length beside Transfer-Encoding");
    if (minor === 0) throw new BadMessage(400, "Transfer-Encoding in HTTP/1.0");
    if (coding.toLowerCase() !== "chunked") throw new BadMessage(400, "unknown Transfer-Encoding");
    return { kind: "chunked" };
  }
  if (length === null) return null;
  // Fifteen digits stay below 2^53.
  if (!/^[0-9]{1,15}$/.test(length)) throw new BadMessage(400, "malformed Content-Length");
  return { kind: "length", bytes: Number(length) };
}
