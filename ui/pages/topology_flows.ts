/**
 * Rules as ways from clients to hosts: what is drawn of them, however many there are.
 *
 * @module
 */

import type { RuleReadings } from "../api/rule_rates.ts";
import type { Client, Rule } from "../api/types.ts";

/** How a way does: closed, broken, in use, or idle. */
export type FlowState = "off" | "down" | "busy" | "idle";

/** A rule and what it does right now. */
export interface Flow {
  readonly rule: Rule;
  readonly state: FlowState;
  /** Bytes per second, both directions. */
  readonly rate: number;
  /** The host that its traffic goes to now. */
  readonly host: string;
}

export function flowOf(rule: Rule, client: Client | undefined, readings: RuleReadings): Flow {
  const rates = readings.get(rule.id)?.rate;
  const isOpen = rule.state.kind === "active" && client?.connected === true;
  const rate = isOpen ? (rates?.in ?? 0) + (rates?.out ?? 0) : 0;
  const isDown = rule.targets.length > 0 &&
    rule.targets.every((it) => it.health?.healthy === false);
  const state = !isOpen ? "off" : isDown ? "down" : rate > 0 ? "busy" : "idle";
  return { rule, state, rate, host: currentHost(rule) };
}

/** The first target that is not down, in the order of failover. */
function currentHost({ targets, target_host }: Rule): string {
  const inOrder = targets.toSorted((a, b) => a.priority - b.priority);
  const first = inOrder.find((it) => it.health?.healthy !== false) ?? inOrder[0];
  return first?.host ?? target_host;
}

/** A client or a host of the overview. */
export interface FlowNode {
  readonly key: string;
  /** Empty for all those that there is no room for. */
  readonly label: string;
  readonly rules: number;
  readonly rate: number;
}

export interface FlowEdge {
  /** Places in the lists of nodes. */
  readonly from: number;
  readonly to: number;
  readonly rate: number;
  /** Whether some of it is closed or down. */
  readonly hasProblem: boolean;
}

export interface Overview {
  readonly clients: readonly FlowNode[];
  readonly hosts: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
}

const OTHERS = "";

/** Flows summed up by client and host, the busiest first; at most `max` of each and the rest. */
export function overviewOf(flows: readonly Flow[], max: number): Overview {
  const clients = nodesOf(flows, ({ rule }) => [rule.client_id, rule.client_name], max);
  const hosts = nodesOf(flows, ({ host }) => [host, host], max);
  const placeIn = (nodes: readonly FlowNode[], key: string) => {
    const at = nodes.findIndex((it) => it.key === key);
    return at >= 0 ? at : nodes.length - 1;
  };
  const grouped = Map.groupBy(
    flows,
    ({ rule, host }) => `${placeIn(clients, rule.client_id)} ${placeIn(hosts, host)}`,
  );
  const edges = [...grouped].map(([places, group]) => {
    const [from = 0, to = 0] = places.split(" ").map(Number);
    const rate = group.reduce((n, it) => n + it.rate, 0);
    const hasProblem = group.some(({ state }) => state === "down" || state === "off");
    return { from, to, rate, hasProblem };
  });
  return { clients, hosts, edges };
}

function nodesOf(
  flows: readonly Flow[],
  nameOf: (flow: Flow) => readonly [key: string, label: string],
  max: number,
): FlowNode[] {
  const nodes = [...Map.groupBy(flows, (it) => nameOf(it)[0])].map(([key, [first, ...more]]) => {
    const group = first ? [first, ...more] : [];
    const rate = group.reduce((n, it) => n + it.rate, 0);
    return { key, label: first ? nameOf(first)[1] : key, rules: group.length, rate };
  });
  const sorted = nodes.toSorted((a, b) => b.rate - a.rate || b.rules - a.rules);
  if (sorted.length <= max) return sorted;
  const rest = sorted.slice(max - 1);
  const others = {
    key: OTHERS,
    label: OTHERS,
    rules: rest.reduce((n, it) => n + it.rules, 0),
    rate: rest.reduce((n, it) => n + it.rate, 0),
  };
  return [...sorted.slice(0, max - 1), others];
}

/** How thick a way is drawn, in pixels: 1.5 for none, one more for every tenfold rate. */
export function thickness(rate: number): number {
  return rate < 1 ? 1.5 : Math.min(11, 1.5 + Math.log10(rate));
}
