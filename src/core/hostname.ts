/**
 * Host names (RFC 1123 §2.1: letters, digits and hyphens, labels of at most 63 octets).
 *
 * @module
 */

import { NAMES } from "./limits.ts";

/** What can be wrong with a host name. */
export type HostnameProblem =
  | "empty"
  | "total_too_long"
  | "label_empty"
  | "label_too_long"
  | "invalid_char"
  | "label_hyphen_boundary"
  | "all_numeric";

/** A text that is no host name. The message is `hostname_<kind>`, with details after a colon. */
export class HostnameError extends Error {
  override readonly name = "HostnameError";

  constructor(readonly kind: HostnameProblem, detail?: string) {
    super(detail === undefined ? `hostname_${kind}` : `hostname_${kind}: ${detail}`);
  }
}

const utf8 = new TextEncoder();
const octets = (text: string): number => utf8.encode(text).length;

/**
 * The canonical form of `text`: lower case, without the root's trailing dot.
 *
 * Names of digits and dots alone are refused; they are mistyped IPv4 addresses.
 *
 * @throws {HostnameError}
 */
export function parseHostname(text: string): string {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (name === "") throw new HostnameError("empty");
  const length = octets(name);
  if (length > NAMES.hostnameMaxChars) {
    throw new HostnameError("total_too_long", `${length} octets (max ${NAMES.hostnameMaxChars})`);
  }
  const labels = name.split(".");
  labels.forEach(checkLabel);
  if (labels.every((label) => /^\d+$/.test(label))) {
    throw new HostnameError("all_numeric", `"${name}" is an all-numeric form (use IP literal)`);
  }
  return name.toLowerCase();
}

function checkLabel(label: string, position: number): void {
  if (label === "") throw new HostnameError("label_empty", `empty label at position ${position}`);
  const length = octets(label);
  if (length > NAMES.labelMaxChars) {
    throw new HostnameError(
      "label_too_long",
      `label "${label}" is ${length} octets (max ${NAMES.labelMaxChars})`,
    );
  }
  const invalid = /[^A-Za-z0-9-]/u.exec(label);
  if (invalid) {
    throw new HostnameError("invalid_char", `label "${label}" contains '${invalid[0]}'`);
  }
  if (label.startsWith("-") || label.endsWith("-")) {
    throw new HostnameError("label_hyphen_boundary", `label "${label}" starts or ends with '-'`);
  }
}
