/**
 * The advertised endpoint: the `host:port` that enrollment codes tell a new client to dial.
 *
 * @module
 */

import { isIp, parseIpv4, parseIpv6 } from "./ip.ts";
import { PortunusError } from "./errors.ts";
import { HostnameError, parseHostname } from "./hostname.ts";
import { NAMES } from "./limits.ts";
import { isPort } from "./ports.ts";

/** A host a client can dial, and a port. */
export interface Authority {
  /** IPv4 or a host name in lower case. */
  readonly host: string;
  readonly port: number;
}

/** Subject alternative names of a certificate. */
export interface SanNames {
  readonly dns: readonly string[];
  readonly ips: readonly string[];
}

const utf8 = new TextEncoder();
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const SPACE_OR_CONTROL = /[\s\x00-\x1f\x7f-\x9f]/;

/**
 * Reads `host:port` with an IPv4 or named host. IPv6 is not supported here.
 *
 * @throws {PortunusError} `endpoint_invalid`
 */
export function parseAuthority(text: string): Authority {
  if (utf8.encode(text).length > NAMES.authorityMaxChars) {
    throw invalid(`must be at most ${NAMES.authorityMaxChars} bytes`);
  }
  if (/[/?#@[\]]/.test(text) || SPACE_OR_CONTROL.test(text)) {
    throw invalid(`${JSON.stringify(text)} is not host:port`);
  }
  const colon = text.lastIndexOf(":");
  if (colon < 0) throw invalid(`"${text}" has no port`);
  const digits = text.slice(colon + 1);
  const port = Number(digits);
  if (!/^[1-9]\d{0,4}$/.test(digits) || !isPort(port)) {
    throw invalid(`"${digits}" is not a port from 1 to 65535`);
  }
  return { host: parseHost(text.slice(0, colon)), port };
}

function parseHost(text: string): string {
  if (parseIpv4(text) !== null) return text;
  try {
    return parseHostname(text);
  } catch (error) {
    if (error instanceof HostnameError) throw invalid(error.message, error);
    throw error;
  }
}

function invalid(detail: string, cause?: Error): PortunusError {
  return new PortunusError("endpoint_invalid", detail, cause && { cause });
}

/**
 * The endpoint that a request's `Host` header suggests: its host with the control port.
 * `null` when the header is of no use.
 */
export function hostHeaderAuthority(header: string, controlPort: number): string | null {
  if (header === "" || utf8.encode(header).length > NAMES.hostHeaderMaxChars) return null;
  const { host, port } = /^(?<host>[^:]*)(?::(?<port>.*))?$/s.exec(header)?.groups ?? {};
  if (host === undefined || (port !== undefined && !/^\d+$/.test(port))) return null;
  try {
    const authority = parseAuthority(`${host}:${controlPort}`);
    return `${authority.host}:${authority.port}`;
  } catch (error) {
    if (error instanceof PortunusError) return null;
    throw error;
  }
}

/**
 * Whether a certificate with `sans` is good for `host`. IP addresses match IP names only; a
 * wildcard stands for exactly one label and its suffix must have a dot (RFC 6125 §6.4.3).
 */
export function sanCovers(sans: SanNames, host: string): boolean {
  if (isIp(host)) {
    const canonical = (ip: string) => parseIpv4(ip) ?? parseIpv6(ip);
    return sans.ips.some((ip) => canonical(ip) === canonical(host));
  }
  const name = host.toLowerCase();
  return sans.dns.some((san) => {
    const pattern = san.toLowerCase();
    if (!pattern.startsWith("*.")) return pattern === name;
    const dot = name.indexOf(".");
    return pattern.slice(2).includes(".") && dot > 0 && name.slice(dot) === pattern.slice(1);
  });
}

/** The host part of a seed: the text before the last colon, or all of it. */
export function seedHost(seed: string): string {
  const colon = seed.lastIndexOf(":");
  return colon < 0 ? seed : seed.slice(0, colon);
}

/** The configured endpoint: the flag, else the environment. A value without a host is none. */
export function seedFrom(flag: string | undefined, env: string | undefined): string | null {
  const seed = flag ?? env;
  return seed === undefined || seedHost(seed).trim() === "" ? null : seed;
}

/** The tiers an endpoint can come from, in the order they are asked. */
export const ENDPOINT_SOURCES = ["override", "seed", "derived", "loopback"] as const;
export type EndpointSource = typeof ENDPOINT_SOURCES[number];

export interface EndpointInputs {
  /** The setting an operator stored. */
  readonly override: string | null;
  /** See {@linkcode seedFrom}. */
  readonly seed: string | null;
  /** The `Host` header of the creating request; `null` where there is none. */
  readonly hostHeader: string | null;
  readonly controlPort: number;
  /** Of the server's certificate. */
  readonly sans: SanNames;
}

export interface ResolvedEndpoint {
  /** `host:port` */
  readonly endpoint: string;
  readonly source: EndpointSource;
}

/**
 * The endpoint to advertise: override, seed, `Host` header, loopback, in this order. What an
 * operator set is used or refused; only the `Host` header is passed over when it is of no use.
 *
 * @throws {PortunusError} `endpoint_invalid`, `endpoint_not_in_cert_san`
 */
export function resolveEndpoint(inputs: EndpointInputs): ResolvedEndpoint {
  const { override, seed, hostHeader, controlPort, sans } = inputs;
  if (override !== null) return covered(override, "override", sans);
  if (seed !== null) return covered(seed, "seed", sans);
  const derived = hostHeader === null ? null : hostHeaderAuthority(hostHeader, controlPort);
  if (derived !== null && sanCovers(sans, parseAuthority(derived).host)) {
    return { endpoint: derived, source: "derived" };
  }
  return covered(`127.0.0.1:${controlPort}`, "loopback", sans);
}

/** Checks an endpoint's grammar and that the certificate is good for it. */
function covered(text: string, source: EndpointSource, sans: SanNames): ResolvedEndpoint {
  const { host, port } = parseAuthority(text);
  if (!sanCovers(sans, host)) {
    throw new PortunusError(
      "endpoint_not_in_cert_san",
      `the server's certificate does not name "${host}" (${source})`,
    );
  }
  return { endpoint: `${host}:${port}`, source };
}
