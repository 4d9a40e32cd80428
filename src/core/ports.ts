/**
 * Ports and inclusive port ranges.
 *
 * @module
 */

import { PortunusError } from "./errors.ts";

/** The largest port number. */
export const PORT_MAX = 65_535;

/** An inclusive range of ports, `1 <= start <= end <= 65535`. */
export interface PortRange {
  readonly start: number;
  readonly end: number;
}

/** Whether `value` is a usable port number. */
export function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= PORT_MAX;
}

/** How many ports `range` covers. */
export function rangeLength(range: PortRange): number {
  return range.end - range.start + 1;
}

/** Whether the two ranges share a port. */
export function rangesOverlap(a: PortRange, b: PortRange): boolean {
  return a.start <= b.end && b.start <= a.end;
}

/** `8080` or `8000-8010`. */
export function formatRange(range: PortRange): string {
  return range.start === range.end ? `${range.start}` : `${range.start}-${range.end}`;
}

/**
 * A checked range; `end` defaults to `start`.
 *
 * @throws {PortunusError} `range_invalid`
 */
export function portRange(start: number, end: number = start): PortRange {
  if (start === 0) {
    throw new PortunusError(
      "range_invalid",
      "range_out_of_bounds: port 0 is not a valid listening port",
    );
  }
  if (end < start) {
    throw new PortunusError("range_invalid", `range_inverted: start=${start} > end=${end}`);
  }
  if (!isPort(start) || !isPort(end)) {
    throw new PortunusError(
      "range_invalid",
      `range_out_of_bounds: ${start}-${end} is outside 1-${PORT_MAX}`,
    );
  }
  return { start, end };
}

/**
 * Checks that a rule's two ranges map one to one and are not larger than the server allows.
 *
 * @throws {PortunusError} `range_invalid`, `exceeds_cap`
 */
export function checkRangePair(listen: PortRange, target: PortRange, maxPorts: number): void {
  const requested = rangeLength(listen);
  if (requested !== rangeLength(target)) {
    throw new PortunusError(
      "range_invalid",
      `range_length_mismatch: listen_len=${requested} target_len=${rangeLength(target)}`,
    );
  }
  if (requested > maxPorts) {
    throw new PortunusError("exceeds_cap", `requested=${requested} cap=${maxPorts}`);
  }
}

/** The target port for `listenPort`: ranges map one to one, in order. */
export function mapPort(listen: PortRange, target: PortRange, listenPort: number): number {
  return target.start + (listenPort - listen.start);
}
