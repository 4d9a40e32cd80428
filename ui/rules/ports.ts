/**
 * Which ports of a client are taken, may be taken, and are free.
 *
 * @module
 */

import { findConflict, type Sibling } from "../../src/core/conflict.ts";
import { PORT_MAX, type PortRange, rangeLength, rangesOverlap } from "../../src/core/ports.ts";
import type { Grant, Rule } from "../api/types.ts";
import type { Protocol } from "./rule_fields.ts";

/** A rule that is to be. */
export interface Wanted {
  readonly protocol: Protocol;
  readonly listen: PortRange;
  readonly sniPattern: string | null;
}

/** Below are the ports that servers of the host itself like to use. */
const FIRST_FREE = 1_024;

export const listenOf = ({ listen_port, listen_port_end }: Rule): PortRange => ({
  start: listen_port,
  end: listen_port_end ?? listen_port,
});

const siblingOf = (rule: Rule): Sibling => ({
  protocol: rule.protocol,
  listen: listenOf(rule),
  sniPattern: rule.sni_pattern ?? null,
  state: rule.state,
});

/** Why the server would refuse `wanted` beside `rules` of the same client, and for whose sake. */
export interface Conflict {
  readonly code: string;
  readonly rule: Rule;
}

/** The conflict the server would answer with; `null` for none. */
export function conflictOf(wanted: Wanted, rules: readonly Rule[]): Conflict | null {
  const candidate = { ...wanted, clientName: "" };
  const error = findConflict(candidate, rules.map(siblingOf));
  if (error === null) return null;
  // Alone, the fallback of a port lets names and is let in by them: then any rule there will do.
  const rule = rules.find((it) => findConflict(candidate, [siblingOf(it)]) !== null) ??
    rules.find((it) => rangesOverlap(listenOf(it), wanted.listen));
  return rule === undefined ? null : { code: error.code, rule };
}

/** Ports where users may listen; those of grants for the client and the protocol. */
export function grantedRanges(
  grants: readonly Grant[],
  clientName: string,
  protocol: Protocol,
): PortRange[] {
  return grants
    .filter((it) =>
      (it.client === "*" || it.client === clientName) && it.protocols.includes(protocol)
    )
    .map((it) => ({ start: it.listen_port_start, end: it.listen_port_end }));
}

/** The rules of a protocol by port; no two of them that matter overlap, but for names on a port. */
export const byPort = (rules: readonly Rule[], protocol: Protocol): Rule[] =>
  rules.filter((it) => it.protocol === protocol).toSorted((a, b) => a.listen_port - b.listen_port);

/** The first place after `from` where as many ports are free, from the top again if need be. */
export function nextFree(
  wanted: PortRange,
  rules: readonly Rule[],
  protocol: Protocol,
): number | null {
  const taken = byPort(rules, protocol).map(listenOf);
  const width = rangeLength(wanted);
  return firstGap(taken, wanted.start, width) ?? firstGap(taken, FIRST_FREE, width);
}

function firstGap(taken: readonly PortRange[], from: number, width: number): number | null {
  let start = from;
  for (const range of taken) {
    if (range.end < start) continue;
    if (range.start >= start + width) break;
    start = range.end + 1;
  }
  return start + width - 1 <= PORT_MAX ? start : null;
}
