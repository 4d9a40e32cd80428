/**
 * Live counters of a rule: its event stream, reopened when it ends, and polling when it will not
 * open.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { call, reportSessionLost } from "./client.ts";
import { EventParser } from "./event_stream.ts";
import type { RuleStats } from "./types.ts";

const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;
const POLL_AFTER_FAILURES = 3;
const POLL_MS = 5_000;
const HISTORY_MAX = 720;

/** What was heard of rules that were shown before, so that going back shows no empty chart. */
const kept = new Map<number, readonly RuleStatsEvent[]>();
const KEPT_MAX = 32;

/** What an event of the stream has. */
export type RuleStatsEvent = Omit<RuleStats, "protocol" | "per_port">;

export interface LiveStats {
  readonly mode: "connecting" | "streaming" | "polling";
  /** How often the stream had to be opened again. */
  readonly reconnects: number;
  /** What this tab has heard of the rule, oldest first. */
  readonly history: readonly RuleStatsEvent[];
}

/** The counters of a rule while the component is shown. */
export function useLiveStats(ruleId: number): LiveStats {
  const [state] = useState(() => signal<LiveStats>(START));
  useEffect(() => {
    const abort = new AbortController();
    state.value = { ...START, history: kept.get(ruleId) ?? [] };
    void follow(ruleId, state, abort.signal);
    return () => {
      abort.abort();
      keep(ruleId, state.value.history);
    };
  }, [ruleId]);
  return state.value;
}

/** Keeps a history; that of the rule that was left the longest ago makes room. */
function keep(ruleId: number, history: readonly RuleStatsEvent[]): void {
  kept.delete(ruleId);
  kept.set(ruleId, history);
  for (const oldest of [...kept.keys()].slice(0, -KEPT_MAX)) kept.delete(oldest);
}

const START: LiveStats = { mode: "connecting", reconnects: 0, history: [] };

async function follow(ruleId: number, state: Signal<LiveStats>, ended: AbortSignal): Promise<void> {
  let failures = 0;
  let delayMs = RETRY_MIN_MS;
  while (!ended.aborted) {
    const opened = await readStream(ruleId, ended, (event) => {
      failures = 0;
      state.value = { ...withEvent(state.value, event), mode: "streaming" };
    });
    if (ended.aborted) return;
    delayMs = opened ? RETRY_MIN_MS : Math.min(delayMs * 2, RETRY_MAX_MS);
    failures += 1;
    state.value = { ...state.value, reconnects: state.value.reconnects + 1 };
    await bridge(ruleId, { state, ended, delayMs, poll: failures >= POLL_AFTER_FAILURES });
  }
}

/** Waits for the next attempt, and polls meanwhile once the stream is known to be unreliable. */
async function bridge(
  ruleId: number,
  { state, ended, delayMs, poll }: {
    state: Signal<LiveStats>;
    ended: AbortSignal;
    delayMs: number;
    poll: boolean;
  },
): Promise<void> {
  for (let waited = 0; waited < delayMs && !ended.aborted; waited += POLL_MS) {
    if (poll && !document.hidden) {
      const result = await call("GET /v1/rules/{rule_id}/stats", {
        path: { rule_id: ruleId },
        query: { per_target: "true" },
      });
      if (result.ok) state.value = { ...withEvent(state.value, result.value), mode: "polling" };
    }
    await pause(Math.min(POLL_MS, delayMs - waited), ended);
  }
}

/** Reads one stream to its end; whether it could be opened at all. */
async function readStream(
  ruleId: number,
  ended: AbortSignal,
  onStats: (event: RuleStatsEvent) => void,
): Promise<boolean> {
  let opened = false;
  try {
    const response = await fetch(`/v1/rules/${ruleId}/stats/stream?per_target=true`, {
      headers: { Accept: "text/event-stream" },
      signal: ended,
    });
    if (response.status === 401) reportSessionLost();
    if (!response.ok || !response.body) return false;
    opened = true;
    const parser = new EventParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      for (const { event, data } of parser.push(next.value)) {
        if (event === "stats") onStats(JSON.parse(data) as RuleStatsEvent);
      }
    }
  } catch {
    // A stream that breaks is opened again, like one that ends.
  }
  return opened;
}

function withEvent(state: LiveStats, event: RuleStatsEvent): LiveStats {
  const last = state.history.at(-1);
  if (last?.updated_at === event.updated_at) return state;
  return { ...state, history: [...state.history.slice(1 - HISTORY_MAX), event] };
}

function pause(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    ended.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
