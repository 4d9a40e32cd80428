/**
 * What the dashboard shows of each rule, computed from snapshots.
 *
 * @module
 */

import type { HelloRule, HelloTarget, Snapshot, SnapshotRule } from "../stats_messages.ts";
import type { Model } from "./model.ts";

/** One rule. Rates are bytes per second; totals are since the daemon's start, or the last `c`. */
export interface Row {
  readonly rule: HelloRule;
  readonly upstream: string;
  readonly inRate: number;
  readonly outRate: number;
  readonly inTotal: number;
  readonly outTotal: number;
  /** Connections, or flows of a UDP rule. */
  readonly active: number;
  readonly connections: number;
  /** As the daemon counts it; `null` before the first snapshot. */
  readonly counters: SnapshotRule | null;
  /** Names and counts above zero. */
  readonly errors: readonly (readonly [name: string, count: number])[];
}

/** The rules that pass the filter, in the order that was asked for. */
export function listedRows(model: Model): Row[] {
  const needle = model.filter.toLowerCase();
  const rows = model.hello.rules.map((rule) => rowOf(model, rule)).filter(({ rule, upstream }) =>
    `${rule.name} ${rule.proto} ${rule.listen} ${upstream}`.toLowerCase().includes(needle)
  );
  const sorted = sort(rows, model.sort);
  return model.isReversed ? sorted.reverse() : sorted;
}

function sort(rows: readonly Row[], by: Model["sort"]): Row[] {
  switch (by) {
    case "file":
      return [...rows];
    case "rate":
      return rows.toSorted((a, b) => b.inRate + b.outRate - a.inRate - a.outRate);
    case "total":
      return rows.toSorted((a, b) => b.inTotal + b.outTotal - a.inTotal - a.outTotal);
    case "name":
      return rows.toSorted((a, b) => a.rule.name < b.rule.name ? -1 : 1);
    case "conns":
      return rows.toSorted((a, b) => b.active - a.active);
    default: {
      const never: never = by;
      return never;
    }
  }
}

/** The rule that is selected, or the first. */
export function selectedRow(model: Model, rows: readonly Row[]): Row | undefined {
  return rows.find(({ rule }) => rule.id === model.selected) ?? rows[0];
}

/** The target with the lowest priority number, the first of several. */
export function preferredTarget(rule: HelloRule): HelloTarget | undefined {
  return rule.targets.toSorted((a, b) => a.priority - b.priority)[0];
}

function rowOf(model: Model, rule: HelloRule): Row {
  const counters = find(model.samples.at(-1), rule.id);
  const since = model.baseline.get(rule.id);
  const rates = rateHistory(model, rule.id).at(-1) ?? { in: 0, out: 0 };
  const target = preferredTarget(rule);
  const total = (of: (row: SnapshotRule) => number | bigint): number =>
    counters === null ? 0 : Math.max(0, Number(of(counters)) - (since ? Number(of(since)) : 0));
  const names = Object.keys(counters?.err ?? {});
  return {
    rule,
    upstream: target === undefined ? "-" : `${target.host}:${target.port}`,
    inRate: rates.in,
    outRate: rates.out,
    inTotal: total((row) => row.in),
    outTotal: total((row) => row.out),
    active: rule.proto === "udp" ? counters?.flows_active ?? 0 : counters?.conns_active ?? 0,
    connections: total((row) => row.conns_total),
    counters,
    errors: names.map((name) => [name, total((row) => row.err[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  };
}

/** Bytes per second between each two snapshots, oldest first. */
export function rateHistory(model: Model, id: string): { in: number; out: number }[] {
  return model.samples.slice(1).map((sample, i) => {
    const before = model.samples[i];
    const [from, to] = [find(before, id), find(sample, id)];
    const ms = sample.uptime_ms - (before?.uptime_ms ?? 0);
    if (from === null || to === null || ms <= 0) return { in: 0, out: 0 };
    // A rule that was closed and opened again counts from zero.
    const rate = (a: number | bigint, b: number | bigint) =>
      Math.max(0, Number(b) - Number(a)) * 1_000 / ms;
    return { in: rate(from.in, to.in), out: rate(from.out, to.out) };
  });
}

const find = (sample: Snapshot | undefined, id: string): SnapshotRule | null =>
  sample?.r.find((row) => row.id === id) ?? null;
