/**
 * The list of targets of a rule.
 *
 * @module
 */

import { parseTargetHost } from "./address.ts";
import { PortunusError } from "./errors.ts";
import { RULES } from "./limits.ts";
import { isPort, PORT_MAX } from "./ports.ts";

interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/**
 * Checks a rule's targets and returns them with their hosts in canonical form. Each is checked in
 * turn before they are compared with each other.
 *
 * @throws {PortunusError} `targets_empty`, `targets_too_many`, `target_invalid_host`,
 * `target_invalid_port`, `targets_duplicate`
 */
export function checkTargets<T extends HostAndPort>(targets: readonly T[]): [T, ...T[]] {
  if (targets.length === 0) {
    throw new PortunusError("targets_empty", "rule must carry at least one target");
  }
  if (targets.length > RULES.targetsMax) {
    throw new PortunusError(
      "targets_too_many",
      `at most ${RULES.targetsMax} targets allowed per rule, got ${targets.length}`,
    );
  }
  const checked = targets.map((target, index) => ({ ...target, host: checkTarget(target, index) }));
  checkDistinct(targets);
  return checked as [T, ...T[]]; // as many as `targets`, which is not empty
}

/**
 * Checks the target at `index` and returns its host in canonical form.
 *
 * @throws {PortunusError} `target_invalid_host`, `target_invalid_port`
 */
export function checkTarget({ host, port }: HostAndPort, index: number): string {
  if (host === "") {
    throw new PortunusError("target_invalid_host", `target ${index} has empty host`);
  }
  if (!isPort(port)) {
    throw new PortunusError(
      "target_invalid_port",
      `target ${index} has invalid port ${port} (must be 1..=${PORT_MAX})`,
    );
  }
  try {
    return parseTargetHost(host);
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    throw new PortunusError(
      "target_invalid_host",
      `target ${index} has invalid host "${host}" (${error.detail})`,
      { cause: error },
    );
  }
}

/** Hosts are compared as they were written, as 3.1.0 does. */
function checkDistinct(targets: readonly HostAndPort[]): void {
  for (const [b, { host, port }] of targets.entries()) {
    const a = targets.findIndex((other) => other.host === host && other.port === port);
    if (a === b) continue;
    throw new PortunusError(
      "targets_duplicate",
      `targets at indices ${a} and ${b} share (host,port) (${host}:${port})`,
    );
  }
}

/** The targets from the most to the least preferred; equal priorities keep their order. */
export function byPriority<T extends { readonly priority: number }>(targets: readonly T[]): T[] {
  return targets.toSorted((a, b) => a.priority - b.priority);
}
