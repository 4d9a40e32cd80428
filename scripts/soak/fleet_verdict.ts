/**
 * What is wrong with a fleet that has come to rest.
 *
 * @module
 */

import { writeLine } from "../build/console.ts";
import type { Fleet } from "./fleet.ts";
import { type ListedRule, USER } from "./fleet_api.ts";
import { type FleetRule, isUdp } from "./fleet_rules.ts";
import { exchange } from "./fleet_traffic.ts";
import { judgeMemory } from "./lives.ts";
import { vitalsOf } from "./vitals.ts";

/** How often to look until all is as it has to be, half a second apart. */
const PATIENCE = 120;
/** Connections to the operator API that wait for the next request. */
const IDLE_CONNECTIONS_MAX = 8;

/** @returns everything that is wrong, with what was found on the way */
export async function verdict(fleet: Fleet): Promise<string[]> {
  return [
    ...fleet.problems,
    ...await settled(() => stuckRules(fleet)),
    ...await brokenRules(fleet),
    ...await settled(() => counterProblems(fleet)),
    ...await settled(() => historyProblems(fleet)),
    ...await settled(() => Promise.resolve(descriptorProblems(fleet))),
    ...memoryProblems(fleet),
  ];
}

/** What `look` still finds once everybody had time. */
async function settled(look: () => Promise<string[]>): Promise<string[]> {
  let found = await look();
  for (let i = 0; i < PATIENCE && found.length > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    found = await look();
  }
  return found;
}

/** Rules that are not active, that are missing, or that nobody made. */
async function stuckRules({ api, rules }: Fleet): Promise<string[]> {
  const listed = await api.list<ListedRule>("/v1/rules");
  const ids = new Set(listed.map(({ id }) => `${id}`));
  const expected = new Set(rules.map(({ id }) => id));
  return [
    ...listed.filter(({ state }) => state.kind !== "active").map((rule) =>
      `rule ${rule.id} on ${rule.listen_port} of ${rule.client_name}: ${JSON.stringify(rule.state)}`
    ),
    ...[...expected.difference(ids)].map((id) => `rule ${id} is gone`),
    ...[...ids.difference(expected)].map((id) => `rule ${id} was removed and is there`),
  ];
}

/** Whether each rule does its work. */
async function brokenRules({ clients, traffic }: Fleet): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, rules } of clients) {
    const ends = await Promise.all([...rules].map((rule) => exchange(rule, traffic)));
    for (const [i, rule] of [...rules].entries()) {
      const end = ends[i];
      if (end?.kind !== "ok") {
        problems.push(`in the end rule ${rule.id} (${rule.kind}) of ${name}: ${end?.why}`);
      }
    }
  }
  return problems;
}

/** A counter against what was sent: exactly for streams, whose bytes are not lost. */
function compare(what: string, counted: number, rules: readonly FleetRule[]): string[] {
  const sum = (of: (rule: FleetRule) => number) =>
    rules.reduce((total, rule) => total + of(rule), 0);
  const [most, least] = [sum(({ sent }) => sent), sum(({ returned }) => returned)];
  return counted >= least && counted <= most
    ? []
    : [`${what}: ${counted} bytes counted, of ${most} sent and ${least} returned`];
}

/** The counters of the client that nobody touched, and whether any rule thinks it is in use. */
async function counterProblems({ api, untouched, clients }: Fleet): Promise<string[]> {
  const problems: string[] = [];
  for (const client of clients) {
    for (const rule of client.rules) {
      const stats = await api.get(`/v1/rules/${rule.id}/stats`);
      const what = `rule ${rule.id} (${rule.kind}) of ${client.name}`;
      if (!isUdp(rule.kind) && stats["active_connections"] !== 0) {
        problems.push(`${what}: ${stats["active_connections"]} connections are active`);
      }
      if (client === untouched) problems.push(...compare(what, Number(stats["bytes_in"]), [rule]));
    }
  }
  return problems;
}

/** The history and the quota of the client that nobody touched: counted once, over all kills. */
async function historyProblems({ api, untouched }: Fleet): Promise<string[]> {
  const id = await untouched.id();
  const now = Math.floor(Date.now() / 1_000);
  const history = await api.get(
    `/v1/clients/${id}/traffic?from=${now - 86_000}&to=${now + 60}&bucket=1m`,
  );
  const [quota] = await api.list(`/v1/users/${USER}/quotas`);
  const [bytesIn, bytesOut] = [history["total_bytes_in"], history["total_bytes_out"]].map(Number);
  const used = Number(quota?.["current_period_bytes_used"]);
  const problems = compare(`history of ${untouched.name}`, bytesIn ?? NaN, [...untouched.rules]);
  const total = (bytesIn ?? NaN) + (bytesOut ?? NaN);
  if (used !== total) problems.push(`a quota has ${used} bytes used, of ${total} in the history`);
  if (problems.length === 0) writeLine(`${untouched.name}: ${total} bytes, in history and quota`);
  return problems;
}

function descriptorProblems({ server, untouched, churnedOnly, descriptors }: Fleet): string[] {
  return [
    { ...server, process: server.process, allowed: IDLE_CONNECTIONS_MAX },
    { name: untouched.name, process: untouched.process, allowed: 0 },
    { name: churnedOnly.name, process: churnedOnly.process, allowed: 0 },
  ].flatMap(({ name, process, allowed }) => {
    const before = descriptors.get(name) ?? 0;
    const after = vitalsOf(process.pid).descriptors;
    return after > before + allowed
      ? [`${name}: ${before} descriptors before all traffic, ${after} after it`]
      : [];
  });
}

function memoryProblems({ subjects }: Fleet): string[] {
  return subjects.flatMap(({ name, lives }) => {
    const { summary, problems } = judgeMemory(name, lives);
    writeLine(summary);
    return problems;
  });
}
