/**
 * Host names that a server publishes: in lower case, as DNS has them (RFC 1123 §2.1, RFC 5890 for
 * names in other alphabets), without the root's dot.
 *
 * @module
 */

import { PortunusError } from "./errors.ts";
import { HostnameError, parseHostname } from "./hostname.ts";
import { NAMES } from "./limits.ts";

/** Labels below the domain that are kept for other uses. */
export const RESERVED_LABELS = ["panel", "auth", "tunnel", "www", "mail", "ftp", "api"] as const;

/** Names of the form that clients of other systems take below a domain of ours. */
const RESERVED_PREFIX = "agent-";

/**
 * One label below the domain.
 *
 * @throws {PortunusError} `host_invalid`, `host_reserved`
 */
export function parseSubdomain(text: string): string {
  if (text.trim().replace(/\.$/, "").includes(".")) {
    throw invalid(`"${text}" is more than one label; give a full name as fqdn`);
  }
  const label = parse(text);
  if (isReservedLabel(label)) throw new PortunusError("host_reserved", label);
  return label;
}

/**
 * A full name, of at least two labels.
 *
 * @throws {PortunusError} `host_invalid`
 */
export function parseFqdn(text: string): string {
  const name = parse(text);
  if (!name.includes(".")) throw invalid(`"${name}" is one label; give it as subdomain`);
  if (/^\d+$/.test(name.slice(name.lastIndexOf(".") + 1))) {
    throw invalid(`"${name}" ends in a number, as IP addresses do`);
  }
  return name;
}

/** Whether a canonical label is kept for other uses. */
export function isReservedLabel(label: string): boolean {
  return label.startsWith(RESERVED_PREFIX) || RESERVED_LABELS.some((it) => it === label);
}

/** Whether canonical `name` is a reserved label right below `domain`. */
export function isReservedBelow(domain: string, name: string): boolean {
  if (!name.endsWith(`.${domain}`)) return false;
  return isReservedLabel(name.slice(0, -domain.length - 1));
}

/** The name of `label` below `domain`. @throws {PortunusError} `host_invalid` when it is too long */
export function belowDomain(label: string, domain: string): string {
  const name = `${label}.${domain}`;
  if (name.length > NAMES.hostnameMaxChars) {
    throw invalid(`"${name}" has more than ${NAMES.hostnameMaxChars} characters`);
  }
  return name;
}

function parse(text: string): string {
  const name = text.trim();
  if (name.includes("*")) throw invalid("a wildcard is no host; publish each name by itself");
  const isAscii = [...name].every((it) => it.charCodeAt(0) < 0x80);
  if (!isAscii) throw invalid(`"${name}" is not ASCII; write it in its xn-- form`);
  try {
    return parseHostname(name);
  } catch (cause) {
    if (!(cause instanceof HostnameError)) throw cause;
    throw new PortunusError("host_invalid", cause.message, { cause });
  }
}

const invalid = (detail: string) => new PortunusError("host_invalid", detail);
