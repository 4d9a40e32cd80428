/**
 * Addresses: what a rule forwards to, what a client is reached at, what a socket is bound to.
 *
 * @module
 */

import { PortunusError } from "./errors.ts";
import type { ErrorCode } from "./errors.ts";
import { HostnameError, parseHostname } from "./hostname.ts";
import type { HostnameProblem } from "./hostname.ts";
import { parseIpv4, parseIpv6 } from "./ip.ts";
import { PORT_MAX } from "./ports.ts";

export { isIp, isLoopback, parseIpv4, parseIpv6, unmapIpv4 } from "./ip.ts";

/** Codes of their own for the problems that 3.1.0 tells apart. */
const TARGET_HOST_CODES: Readonly<Partial<Record<HostnameProblem, ErrorCode>>> = {
  total_too_long: "invalid_target_host_too_long",
  label_too_long: "invalid_target_host_label_too_long",
  label_hyphen_boundary: "invalid_target_host_label_hyphen",
};

/**
 * The canonical form of a rule's target host: IPv4, `[IPv6]` or a host name.
 *
 * @throws {PortunusError} `invalid_target_host`, `invalid_target_host_too_long`,
 * `invalid_target_host_label_too_long`, `invalid_target_host_label_hyphen`
 */
export function parseTargetHost(text: string): string {
  if (parseIpv4(text) !== null) return text;
  if (text.startsWith("[") && text.endsWith("]")) {
    const ip = parseIpv6(text.slice(1, -1));
    if (ip !== null) return `[${ip}]`;
    throw new PortunusError(
      "invalid_target_host",
      `bracketed value "${text}" is not a valid IPv6 literal`,
    );
  }
  if (text.includes(":")) {
    throw new PortunusError(
      "invalid_target_host",
      `bare unbracketed IPv6 literal "${text}" (use [...])`,
    );
  }
  try {
    return parseHostname(text);
  } catch (error) {
    if (!(error instanceof HostnameError)) throw error;
    const code = TARGET_HOST_CODES[error.kind] ?? "invalid_target_host";
    throw new PortunusError(code, error.message, { cause: error });
  }
}

/** The form of a target host that a connect or a lookup takes: without brackets. */
export function hostLiteral(targetHost: string): string {
  return targetHost.startsWith("[") ? targetHost.slice(1, -1) : targetHost;
}

/**
 * The canonical form of the address an operator notes for a client: an IP literal (IPv6 without
 * brackets) or a host name; no scheme, path or port.
 *
 * @throws {PortunusError} `invalid_client_address`
 */
export function parseClientAddress(text: string): string {
  const address = text.trim();
  if (address === "") throw new PortunusError("invalid_client_address", "must not be empty");
  if (address.includes("/")) {
    throw new PortunusError("invalid_client_address", "must be a bare host, not a URL or a path");
  }
  const ip = parseIpv4(address) ?? parseIpv6(address);
  if (ip !== null) return ip;
  if (address.includes(":")) {
    throw new PortunusError("invalid_client_address", "must not contain a port");
  }
  try {
    return parseHostname(address);
  } catch (error) {
    if (!(error instanceof HostnameError)) throw error;
    throw new PortunusError("invalid_client_address", error.message, { cause: error });
  }
}

/** Where a socket is bound or connected. */
export interface SocketAddress {
  /** An IP literal without brackets. */
  readonly host: string;
  /** 0 to 65535; 0 lets the system choose. */
  readonly port: number;
}

/** Reads `IP:port` or `[IPv6]:port`; `null` for anything else, host names included. */
export function parseSocketAddress(text: string): SocketAddress | null {
  const { v4, v6, digits } =
    /^(?:(?<v4>[\d.]+)|\[(?<v6>[^\]]+)\]):(?<digits>\d{1,5})$/.exec(text)?.groups ?? {};
  const host = v4 !== undefined ? parseIpv4(v4) : v6 !== undefined ? parseIpv6(v6) : null;
  const port = Number(digits);
  return host !== null && port <= PORT_MAX ? { host, port } : null;
}

/** `192.0.2.1:80` or `[2001:db8::1]:80`. */
export function formatSocketAddress({ host, port }: SocketAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
