/**
 * Identifiers and names: ULIDs, user ids, display names, tokens, pins.
 *
 * @module
 */

import { NAMES } from "./limits.ts";

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i;
const USER_ID = /^[a-z][a-z0-9_-]{0,31}$/;
const RESERVED_USER_ID = /^_[^\s\p{Cc}]{0,31}$/u;
const PIN = /^[0-9A-Fa-f]{64}$/;

/** User ids that Portunus creates for itself. */
export const RESERVED_USERS = { superadmin: "_superadmin", legacy: "_legacy" } as const;

/** The canonical (uppercase) form of a ULID, or `null` when `text` is none. Lowercase is accepted. */
export function parseUlid(text: string): string | null {
  return ULID.test(text) ? text.toUpperCase() : null;
}

/** Whether `text` is a user id that an operator may choose. */
export function isUserId(text: string): boolean {
  return USER_ID.test(text);
}

/** Whether `text` is a user id that only Portunus itself may choose. */
export function isReservedUserId(text: string): boolean {
  return RESERVED_USER_ID.test(text);
}

/** What is wrong with `label` as that of a credential, or `null`. */
export function credentialLabelProblem(label: string): string | null {
  const bytes = utf8.encode(label).length;
  if (bytes > NAMES.credentialLabelMaxBytes) {
    return `must be at most ${NAMES.credentialLabelMaxBytes} bytes, got ${bytes}`;
  }
  return withoutNul(label);
}

/** Not every database can keep it. */
const withoutNul = (text: string) => text.includes("\0") ? "must not contain a NUL" : null;

/**
 * The canonical (lower-case) form of a certificate pin, the SHA-256 of its DER as 64 hex digits,
 * or `null` when `text` is none.
 */
export function parsePin(text: string): string | null {
  return PIN.test(text) ? text.toLowerCase() : null;
}

const utf8 = new TextEncoder();

/** What is wrong with `name` as a client's display name, or `null`. Names are kept verbatim. */
export function clientNameProblem(name: string): string | null {
  if (name.trim() === "") return "must not be empty or blank";
  const bytes = utf8.encode(name).length;
  if (bytes > NAMES.clientNameMaxBytes) {
    return `must be at most ${NAMES.clientNameMaxBytes} bytes, got ${bytes}`;
  }
  if (/\p{Cc}/u.test(name)) return "must not contain control characters";
  return null;
}

/** What is wrong with `name` as a user's display name, or `null`. `name` must already be trimmed. */
export function displayNameProblem(name: string): string | null {
  const bytes = utf8.encode(name).length;
  if (bytes < 1 || bytes > NAMES.displayNameMaxBytes) {
    return `must be 1 to ${NAMES.displayNameMaxBytes} bytes, got ${bytes}`;
  }
  return withoutNul(name);
}
