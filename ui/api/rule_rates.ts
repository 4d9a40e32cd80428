/**
 * What every rule moves right now: rates between the last two reports of its client.
 *
 * @module
 */

import { useEffect, useRef, useState } from "preact/hooks";
import { useQuery } from "./query.ts";
import type { RuleStats } from "./types.ts";

/** How long a rate counts without another report, which comes every 5 s. */
const STALE_MS = 15_000;

/** The last report of a rule, and the rates since the one before. */
export interface RuleReading {
  /** When it was reported, by the server's clock. */
  readonly atMs: number;
  /** When it was seen here first. */
  readonly seenMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Connections, or flows of UDP. */
  readonly active: number;
  /** Bytes per second; `null` until there are two reports, and when no more come. */
  readonly rate: { readonly in: number; readonly out: number } | null;
}

export type RuleReadings = ReadonlyMap<number, RuleReading>;

/** The readings after another answer. A counter that began again counts as no traffic. */
export function nextReadings(
  before: RuleReadings,
  stats: readonly RuleStats[],
  nowMs: number,
): RuleReadings {
  return new Map(stats.map((it) => {
    const old = before.get(it.rule_id);
    const atMs = Date.parse(it.updated_at);
    if (old?.atMs === atMs) {
      const isStale = old.rate !== null && nowMs - old.seenMs > STALE_MS;
      return [it.rule_id, isStale ? { ...old, rate: null } : old];
    }
    const seconds = (atMs - (old?.atMs ?? atMs)) / 1_000;
    const rate = old && seconds > 0
      ? {
        in: Math.max(0, it.bytes_in - old.bytesIn) / seconds,
        out: Math.max(0, it.bytes_out - old.bytesOut) / seconds,
      }
      : null;
    const reading = {
      atMs,
      seenMs: nowMs,
      bytesIn: it.bytes_in,
      bytesOut: it.bytes_out,
      active: it.active_connections + it.active_flows,
      rate,
    };
    return [it.rule_id, reading];
  }));
}

/** The readings of all rules of the caller, while the component is shown. */
export function useRuleReadings(): RuleReadings {
  const { data } = useQuery("GET /v1/rules/stats", {}, { everyMs: 5_000 });
  const latest = useRef<RuleReadings>(new Map());
  const [readings, setReadings] = useState<RuleReadings>(latest.current);
  useEffect(() => {
    if (data === undefined) return;
    latest.current = nextReadings(latest.current, data, Date.now());
    setReadings(latest.current);
  }, [data]);
  return readings;
}

/** What all of it comes to; the rate is `null` until one is known. */
export function sumOf(readings: RuleReadings): Omit<RuleReading, "atMs" | "seenMs"> {
  const all = [...readings.values()];
  const sum = (value: (it: RuleReading) => number) => all.reduce((n, it) => n + value(it), 0);
  const rate = all.some((it) => it.rate !== null)
    ? { in: sum((it) => it.rate?.in ?? 0), out: sum((it) => it.rate?.out ?? 0) }
    : null;
  return {
    bytesIn: sum((it) => it.bytesIn),
    bytesOut: sum((it) => it.bytesOut),
    active: sum((it) => it.active),
    rate,
  };
}
