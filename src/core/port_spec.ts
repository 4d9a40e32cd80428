/**
 * Ports and targets as they are written on the command line.
 *
 * @module
 */

import { PortunusError } from "./errors.ts";
import { PORT_MAX, portRange } from "./ports.ts";
import type { PortRange } from "./ports.ts";

/** A port number from 0 to 65535; a leading `+` and leading zeros are fine. `null` for anything else. */
export function parsePortNumber(text: string): number | null {
  const port = /^\+?\d+$/.test(text) ? Number(text) : NaN;
  return port <= PORT_MAX ? port : null;
}

/**
 * Reads `port` or `start-end`.
 *
 * @throws {PortunusError} `range_invalid` when the ends are swapped, else `invalid_target`
 */
export function parsePortSpec(spec: string): PortRange {
  const dash = spec.indexOf("-");
  const start = parsePortNumber(dash < 0 ? spec : spec.slice(0, dash));
  const end = dash < 0 ? start : parsePortNumber(spec.slice(dash + 1));
  if (start === null || end === null || start === 0) {
    throw new PortunusError("invalid_target", spec);
  }
  return portRange(start, end);
}

/** Splits at the last colon; `null` when there is none or nothing before it. */
export function splitHostPort(text: string): { host: string; port: string } | null {
  const colon = text.lastIndexOf(":");
  return colon > 0 ? { host: text.slice(0, colon), port: text.slice(colon + 1) } : null;
}

/** The positional target of `push-rule`. */
export interface TargetSpec {
  /** As written; see `parseTargetHost`. */
  readonly host: string;
  readonly ports: PortRange;
}

/**
 * Reads `host:port` or `host:start-end`. The host is not checked.
 *
 * @throws {PortunusError} as {@linkcode parsePortSpec} does
 */
export function splitTargetSpec(spec: string): TargetSpec {
  const parts = splitHostPort(spec);
  if (parts === null) throw new PortunusError("invalid_target", spec);
  return { host: parts.host, ports: parsePortSpec(parts.port) };
}
