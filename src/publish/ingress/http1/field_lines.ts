/**
 * Field lines of HTTP/1.1 (RFC 9112 §5), read strictly: what two readers could take for two
 * different things is refused.
 *
 * @module
 */

import { BadMessage } from "./bad_message.ts";

/** A header or trailer field. */
export interface Field {
  /** As it was sent. */
  readonly name: string;
  /** The name in lower case. */
  readonly key: string;
  /** Without white space around it; a character for each byte (ISO 8859-1). */
  readonly value: string;
}

const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;
const DELETE = 0x7f;

/** Characters of a token (RFC 9110 §5.6.2), by code. */
const TOKEN = Uint8Array.from(
  { length: 256 },
  (_, code) => /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/** Where the token that begins at `from` ends. */
export function tokenEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && TOKEN[text.charCodeAt(at)] === 1) at++;
  return at;
}

/** Whether all of `text` is a token, of at least one character. */
export function isToken(text: string): boolean {
  return text !== "" && tokenEnd(text, 0) === text.length;
}

/** Whether `text` may stand in a field's value: no control characters but tabs. */
export function isFieldContent(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code < SPACE && code !== TAB) || code === DELETE) return false;
  }
  return true;
}

/**
 * The fields in `lines`, each of which ends with CRLF, from the offset `from` on.
 *
 * A name is a token with the colon right behind it, so there is no folding (obs-fold), no space
 * before the colon and no line without one; a bare CR or LF is a control character like others.
 *
 * @throws {BadMessage} 400 for anything else, 431 for more than `fieldsMax`
 */
export function readFields(lines: string, from: number, fieldsMax: number): Field[] {
  const fields: Field[] = [];
  for (let at = from; at < lines.length;) {
    if (fields.length === fieldsMax) throw new BadMessage(431, "too many fields");
    const end = lines.indexOf("\r\n", at);
    const colon = tokenEnd(lines, at);
    if (end < 0 || colon === at || lines.charCodeAt(colon) !== COLON) {
      throw new BadMessage(400, "a line that is no field");
    }
    const name = lines.slice(at, colon);
    const value = trimmed(lines, colon + 1, end);
    if (!isFieldContent(value)) throw new BadMessage(400, "a control character in a field");
    fields.push({ name, key: name.toLowerCase(), value });
    at = end + 2;
  }
  return fields;
}

/** `text` from `start` to `end` without spaces and tabs around it. */
function trimmed(text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code === SPACE || code === TAB;

/** The members of a comma-separated list, in lower case (RFC 9110 §5.6.1). */
export function listMembers(value: string): string[] {
  return value.toLowerCase().split(",").map((it) => it.trim()).filter((it) => it !== "");
}
