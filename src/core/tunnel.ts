/**
 * Tunnels: host names that lead to a rule of a client.
 *
 * @module
 */

import { parseTargetHost } from "./address.ts";
import { PortunusError } from "./errors.ts";
import { PUBLISH } from "./limits.ts";
import { splitHostPort } from "./port_spec.ts";
import { isPort } from "./ports.ts";

/** Where TLS ends: `passthrough` at the target, `terminate` at the server's Web ingress. */
export const TUNNEL_KINDS = ["passthrough", "terminate"] as const;
export type TunnelKind = typeof TUNNEL_KINDS[number];

/** Who gets through the ingress: anybody, any account, or the accounts listed. */
export const ACCESS_MODES = ["public", "authenticated", "restricted"] as const;
export type AccessMode = typeof ACCESS_MODES[number];

/** What clients of `passthrough` tunnels connect to, unless they are told another port. */
export const HTTPS_PORT = 443;

/** What a tunnel leads to. */
export interface TunnelTarget {
  /** IPv4, `[IPv6]` or a host name. */
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `host:port`.
 *
 * @throws {PortunusError} `tunnel_invalid`
 */
export function parseTunnelTarget(text: string): TunnelTarget {
  const parts = splitHostPort(text);
  const port = /^\d{1,5}$/.test(parts?.port ?? "") ? Number(parts?.port) : 0;
  if (parts === null || !isPort(port)) {
    throw new PortunusError("tunnel_invalid", `target "${text}" is not host:port`);
  }
  try {
    return { host: parseTargetHost(parts.host), port };
  } catch (cause) {
    if (!(cause instanceof PortunusError)) throw cause;
    throw new PortunusError("tunnel_invalid", `target "${text}": ${cause.detail}`, { cause });
  }
}

/** The description as it is kept. @throws {PortunusError} `tunnel_invalid` */
export function checkDescription(text: string): string {
  const length = [...text].length;
  if (length <= PUBLISH.descriptionMaxChars) return text;
  const max = PUBLISH.descriptionMaxChars;
  throw new PortunusError(
    "tunnel_invalid",
    `the description has ${length} characters (max ${max})`,
  );
}

/** Whether `mode` lets in somebody whom `than` keeps out. */
export function isWider(mode: AccessMode, than: AccessMode): boolean {
  return ACCESS_MODES.indexOf(mode) < ACCESS_MODES.indexOf(than);
}
