/**
 * What has to happen so that the rules that run are those that a file says.
 *
 * @module
 */

import { findConflict } from "../core/conflict.ts";
import { stringifyJson } from "../core/json.ts";
import { rateLimitToJson } from "../core/rate_limit.ts";
import type { RuleDraft } from "../core/rule_input.ts";
import type { FleetRule } from "./fleet.ts";
import { rangeText } from "./fleet_format.ts";

/** A rule as the server has it. */
export interface RunningRule {
  readonly id: bigint;
  readonly clientName: string;
  readonly ownerId: string | null;
  /** Why its client does not run it; `null` while it does, or may. */
  readonly failure: string | null;
  readonly draft: RuleDraft;
}

/** One change. */
export type Step =
  /** New caps under running connections: nobody is interrupted. */
  | { readonly kind: "limits"; readonly wanted: FleetRule; readonly running: RunningRule }
  /** A new rule. */
  | { readonly kind: "create"; readonly wanted: FleetRule }
  /** Another rule in the place of one: its port is closed for a moment, its connections drain. */
  | { readonly kind: "replace"; readonly wanted: FleetRule; readonly running: RunningRule }
  | { readonly kind: "remove"; readonly running: RunningRule };

/** A file that can't be brought about. */
export interface Obstacle {
  readonly rule: FleetRule;
  readonly message: string;
}

export interface Plan {
  /** In the order that interrupts least. */
  readonly steps: readonly Step[];
  readonly unchanged: number;
  readonly obstacles: readonly Obstacle[];
}

/** What tells the rules of a fleet apart: where they listen. */
export const placeOf = (
  { clientName, draft }: { readonly clientName: string; readonly draft: RuleDraft },
): string =>
  `${clientName} ${draft.protocol} ${rangeText(draft.listen)}` +
  (draft.sniPattern === null ? "" : ` ${draft.sniPattern}`);

/**
 * Compares `wanted` with `running`. Rules that are the same stay untouched; one that failed is
 * tried again. With `prune`, rules that the file does not have go, of clients that it names.
 */
export function planFleet(
  wanted: readonly FleetRule[],
  running: readonly RunningRule[],
  { prune }: { readonly prune: boolean },
): Plan {
  const byPlace = new Map(running.map((rule) => [placeOf(rule), rule]));
  const places = new Set(wanted.map(placeOf));
  const clients = new Set(wanted.map(({ clientName }) => clientName));
  const steps = makeWayForNames(
    wanted.map((rule) => stepFor(rule, byPlace.get(placeOf(rule)))),
    wanted,
    byPlace,
  );
  const gone = prune
    ? running.filter((rule) => clients.has(rule.clientName) && !places.has(placeOf(rule)))
    : [];
  const changes = steps.filter((step) => step !== null);
  const limits = changes.filter(({ kind }) => kind === "limits");
  const arrivals = changes.filter((step) => step.kind === "create" || step.kind === "replace");
  const { ordered, obstacles } = orderArrivals(arrivals, running, gone);
  return {
    steps: [...limits, ...ordered],
    unchanged: steps.length - changes.length,
    obstacles: [...duplicatesIn(wanted), ...obstacles],
  };
}

type Arrival = Extract<Step, { kind: "create" | "replace" }>;

function stepFor(wanted: FleetRule, running: RunningRule | undefined): Step | null {
  if (running === undefined) return { kind: "create", wanted };
  if (running.failure !== null || shapeText(wanted.draft) !== shapeText(running.draft)) {
    return { kind: "replace", wanted, running };
  }
  const isSame = limitsText(wanted.draft) === limitsText(running.draft);
  return isSame ? null : { kind: "limits", wanted, running };
}

/**
 * A rule without a pattern can't be there before the first name of its port: where a name arrives,
 * the rule that is to be its fallback has to come again after it.
 */
function makeWayForNames(
  steps: readonly (Step | null)[],
  wanted: readonly FleetRule[],
  byPlace: ReadonlyMap<string, RunningRule>,
): (Step | null)[] {
  const portOf = ({ clientName, draft }: FleetRule) => `${clientName} ${rangeText(draft.listen)}`;
  const arriving = new Set(
    steps.flatMap((step) =>
      (step?.kind === "create" || step?.kind === "replace") && step.wanted.draft.sniPattern !== null
        ? [portOf(step.wanted)]
        : []
    ),
  );
  return steps.map((step, i) => {
    const rule = wanted[i];
    if (rule === undefined || step?.kind === "create" || step?.kind === "replace") return step;
    const running = byPlace.get(placeOf(rule));
    const { protocol, sniPattern } = rule.draft;
    const isFallback = protocol === "tcp" && sniPattern === null && arriving.has(portOf(rule));
    return isFallback && running !== undefined ? { kind: "replace", wanted: rule, running } : step;
  });
}

/** What only a new rule can change. A target by itself is the same as a list of one. */
function shapeText(draft: RuleDraft): string {
  const { targetHost: host, targetPorts, targets, preferIpv6, healthCheckIntervalSecs } = draft;
  const list = targets.length > 0
    ? targets
    : [{ host, port: targetPorts.start, priority: 0, proxyProtocol: null }];
  const shape = list.map((it) => [it.host, it.port, it.priority, it.proxyProtocol]);
  return stringifyJson([shape, rangeText(targetPorts), preferIpv6, healthCheckIntervalSecs]);
}

export const limitsText = ({ limits }: Pick<RuleDraft, "limits">): string =>
  limits === null ? "none" : stringifyJson(rateLimitToJson(limits));

/** Where a rule forwards to, as text. */
export function upstreamText({ targetHost, targetPorts, targets }: RuleDraft): string {
  if (targets.length <= 1) return `${targetHost}:${rangeText(targetPorts)}`;
  return targets.map(({ host, port, priority }) => `${host}:${port}@${priority}`).join(",");
}

function duplicatesIn(wanted: readonly FleetRule[]): Obstacle[] {
  const first = new Map<string, FleetRule>();
  return wanted.flatMap((rule) => {
    const other = first.get(placeOf(rule));
    if (other === undefined) first.set(placeOf(rule), rule);
    return other === undefined
      ? []
      : [{ rule, message: `"${other.name}" listens there already (${placeOf(rule)})` }];
  });
}

/**
 * Puts arrivals first that are in nobody's way, then each of the others right after what it needs
 * gone, then what goes without a successor. Names go before the fallback of their port, as the
 * server demands.
 */
function orderArrivals(
  arrivals: readonly Arrival[],
  running: readonly RunningRule[],
  gone: readonly RunningRule[],
): { readonly ordered: Step[]; readonly obstacles: Obstacle[] } {
  const present = new Set<RunningRule | FleetRule>(running);
  const replaced = arrivals.flatMap((it) => it.kind === "replace" ? [it.running] : []);
  const leaving = new Set<RunningRule | FleetRule>([...gone, ...replaced]);
  const ordered: Step[] = [];
  const obstacles: Obstacle[] = [];
  const rank = ({ kind, wanted }: Arrival) =>
    (kind === "replace" || inTheWayOf(wanted, running).length > 0 ? 2 : 0) +
    (wanted.draft.sniPattern === null ? 1 : 0);

  for (const arrival of arrivals.toSorted((a, b) => rank(a) - rank(b))) {
    const { wanted } = arrival;
    const isThere = arrival.kind === "replace" && present.delete(arrival.running);
    for (const rule of inTheWayOf(wanted, present)) {
      if (!("id" in rule) || !leaving.has(rule)) {
        obstacles.push({ rule: wanted, message: obstacleText(wanted, rule) });
        continue;
      }
      present.delete(rule);
      ordered.push({ kind: "remove", running: rule });
    }
    present.add(wanted);
    // What it replaces may have made way for another rule already.
    ordered.push(isThere ? arrival : { kind: "create", wanted });
  }
  const rest = gone.filter((rule) => present.has(rule));
  return {
    ordered: [...ordered, ...rest.map((running): Step => ({ kind: "remove", running }))],
    obstacles,
  };
}

function obstacleText(wanted: FleetRule, other: RunningRule | FleetRule): string {
  return "id" in other
    ? `rule ${other.id} (${placeOf(other)}) is in the way of ${placeOf(wanted)}, and the file ` +
      "does not have it: remove it, or use --prune"
    : `"${other.name}" (${placeOf(other)}) is in the way of ${placeOf(wanted)}`;
}

const candidate = ({ clientName, draft }: FleetRule) => ({ ...draft, clientName });

function siblingsOf(wanted: FleetRule, present: Iterable<RunningRule | FleetRule>) {
  return [...present].filter(({ clientName }) => clientName === wanted.clientName).map((rule) => ({
    ...rule.draft,
    state: { kind: "active" } as const,
  }));
}

/** Those that the server would not let `wanted` stand beside. */
function inTheWayOf(wanted: FleetRule, present: Iterable<RunningRule | FleetRule>) {
  return [...present].filter((rule) =>
    findConflict(candidate(wanted), siblingsOf(wanted, [rule])) !== null
  );
}
