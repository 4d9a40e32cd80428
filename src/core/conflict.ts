/**
 * Which rules of one client stand in each other's way.
 *
 * @module
 */

import { PortunusError } from "./errors.ts";
import { rangeLength, rangesOverlap } from "./ports.ts";
import type { RuleSpec, RuleState } from "./rule.ts";

/** What a rule occupies on its client. */
export type Listening = Pick<RuleSpec, "protocol" | "listen" | "sniPattern">;

/** A rule that would like to listen. */
export interface Candidate extends Listening {
  /** Display name, for messages. */
  readonly clientName: string;
}

/** Another rule of the same client. */
export interface Sibling extends Listening {
  readonly state: RuleState;
}

/**
 * The first conflict of `candidate` with a rule of the same client, or `null`.
 *
 * `siblings` come in the order they were made; the first that conflicts decides. Only active and
 * failed rules are in the way, and TCP and UDP never meet. Rules with an SNI pattern share a TCP
 * port with each other and with one rule without, their fallback, which must come after them.
 */
export function findConflict(
  candidate: Candidate,
  siblings: Iterable<Sibling>,
): PortunusError | null {
  const inTheWay = [...siblings].filter((sibling) =>
    (sibling.state.kind === "active" || sibling.state.kind === "failed") &&
    sibling.protocol === candidate.protocol && rangesOverlap(sibling.listen, candidate.listen)
  );
  const hasFallback = inTheWay.some((sibling) => sibling.sniPattern === null);
  for (const sibling of inTheWay) {
    const conflict = conflictWith(sibling, candidate, hasFallback);
    if (conflict) return conflict;
  }
  return null;
}

/** `sibling` overlaps with `candidate`; `hasFallback` is whether any such rule has no pattern. */
function conflictWith(
  sibling: Listening,
  candidate: Candidate,
  hasFallback: boolean,
): PortunusError | null {
  const port = Math.max(sibling.listen.start, candidate.listen.start);
  const where = `client ${candidate.clientName} listen_port ${port}`;
  const neitherHasSni = sibling.sniPattern === null && candidate.sniPattern === null;
  if (neitherHasSni || !canShare(sibling) || !canShare(candidate)) {
    return new PortunusError("port_in_use", `port ${port} already in use`);
  }
  if (sibling.sniPattern === null) {
    return new PortunusError(
      "conflict.legacy_to_sni_unsupported",
      `${where} already has a rule without sni_pattern`,
    );
  }
  if (candidate.sniPattern === null) {
    return hasFallback
      ? new PortunusError("conflict.sni_fallback_duplicate", `${where} already has a fallback`)
      : null;
  }
  return sibling.sniPattern === candidate.sniPattern
    ? new PortunusError(
      "conflict.sni_route_duplicate",
      `${where} sni_pattern ${candidate.sniPattern} already in use`,
    )
    : null;
}

const canShare = ({ protocol, listen }: Listening): boolean =>
  protocol === "tcp" && rangeLength(listen) === 1;
