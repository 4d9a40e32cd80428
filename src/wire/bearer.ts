/**
 * The bearer token in a call's metadata.
 *
 * @module
 */

import { EventEmitter } from "node:events";
import type { Server } from "@grpc/grpc-js";
import { PortunusError } from "../core/errors.ts";
import { NAMES } from "../core/limits.ts";

const SCHEME = "Bearer ";
const VISIBLE_ASCII = /^[\x20-\x7e]*$/;

/** The value of the `authorization` header that carries `token`, or `null` where none can. */
export function bearerHeader(token: string): string | null {
  return VISIBLE_ASCII.test(token) ? `${SCHEME}${token}` : null;
}

/**
 * The token in an `authorization` header; `undefined` is a request without one.
 *
 * @throws {PortunusError} `missing_token`, `malformed_token`
 */
export function readBearer(header: string | undefined): string {
  if (header === undefined) throw new PortunusError("missing_token");
  if (!VISIBLE_ASCII.test(header) || !header.startsWith(SCHEME)) {
    throw new PortunusError("malformed_token");
  }
  const token = header.slice(SCHEME.length).trim();
  if (token === "") throw new PortunusError("missing_token");
  if (token.length > NAMES.bearerMaxBytes) throw new PortunusError("malformed_token");
  return token;
}

/**
 * Makes a header that grpc-js would silently drop, because it is not visible ASCII, arrive as one
 * that {@linkcode readBearer} refuses: a malformed token is not a missing one.
 *
 * grpc-js offers no access to raw headers, so this reaches for the HTTP/2 servers it keeps.
 * Call it when `server` is bound.
 */
export function keepMalformedBearers(server: Server): void {
  const http2Servers: unknown = Reflect.get(server, "http2Servers");
  if (!(http2Servers instanceof Map)) throw new TypeError("grpc-js keeps its listeners elsewhere");
  for (const listener of http2Servers.keys()) {
    if (!(listener instanceof EventEmitter)) continue;
    listener.prependListener("stream", (_stream: unknown, headers: Record<string, unknown>) => {
      const value = headers.authorization;
      if (typeof value === "string" && !VISIBLE_ASCII.test(value)) headers.authorization = "";
    });
  }
}
