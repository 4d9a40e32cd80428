/**
 * SNI patterns: an exact host name, or `*.suffix` for hosts with exactly one label before it.
 *
 * @module
 */

import { PortunusError } from "./errors.ts";
import { NAMES } from "./limits.ts";

/**
 * The canonical (trimmed, lower-case) form of a pattern.
 *
 * @throws {PortunusError} `validation.sni_pattern_malformed`
 */
export function parseSniPattern(text: string): string {
  const pattern = asciiLower(text.trim());
  if (pattern === "") throw malformed("must not be empty");
  if (pattern.length > NAMES.hostnameMaxChars) {
    throw malformed(`must be at most ${NAMES.hostnameMaxChars} characters`);
  }
  const isWildcard = pattern.startsWith("*.");
  const labels = (isWildcard ? pattern.slice(2) : pattern).split(".");
  if (isWildcard && labels.length < 2) {
    throw malformed(`wildcard "${pattern}" needs at least two labels after "*."`);
  }
  for (const label of labels) {
    if (!/^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(label)) {
      throw malformed(`"${pattern}" has the invalid label "${label}"`);
    }
  }
  return pattern;
}

function malformed(detail: string): PortunusError {
  return new PortunusError("validation.sni_pattern_malformed", detail);
}

/** Unlike `toLowerCase`, turns no letter from outside ASCII into one of ASCII (U+212A, for example). */
const asciiLower = (text: string): string =>
  text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/**
 * Whether a canonical `pattern` matches `serverName`. The name's case does not matter; it has no
 * trailing dot.
 */
export function matchesSni(pattern: string, serverName: string): boolean {
  const name = asciiLower(serverName);
  if (!pattern.startsWith("*.")) return pattern === name;
  const dot = name.indexOf(".");
  return dot > 0 && name.slice(dot) === pattern.slice(1);
}
