/**
 * The bearer token in a call's metadata.
 *
 * @module
 */

import { PortunusError } from "../core/errors.ts";
import { NAMES } from "../core/limits.ts";

const SCHEME = "Bearer ";

/** Whether `text` can be the value of a metadata entry. */
export function isVisibleAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** The value of the `authorization` header that carries `token`, or `null` where none can. */
export function bearerHeader(token: string): string | null {
  return isVisibleAscii(token) ? `${SCHEME}${token}` : null;
}

/**
 * The token in an `authorization` header; `undefined` is a request without one.
 *
 * @throws {PortunusError} `missing_token`, `malformed_token`
 */
export function readBearer(header: string | undefined): string {
  if (header === undefined) throw new PortunusError("missing_token");
  if (!isVisibleAscii(header) || !header.startsWith(SCHEME)) {
    throw new PortunusError("malformed_token");
  }
  const token = header.slice(SCHEME.length).trim();
  if (token === "") throw new PortunusError("missing_token");
  if (token.length > NAMES.bearerMaxBytes) throw new PortunusError("malformed_token");
  return token;
}
