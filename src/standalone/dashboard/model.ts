/**
 * What the dashboard knows and how it changes. Nothing here draws or reads.
 *
 * @module
 */

import type { ProbeOutcome } from "../../system/tcp_probe.ts";
import type { Hello, Snapshot, SnapshotRule } from "../stats_messages.ts";
import type { StatsMessage } from "../stats_reader.ts";
import type { Key } from "./keys.ts";

export const TABS = ["Overview", "Detail", "Errors"] as const;
export const SORTS = ["file", "rate", "total", "name", "conns"] as const;

/** Everything that can be seen. */
export interface Model {
  readonly hello: Hello;
  /** Oldest first. */
  readonly samples: readonly Snapshot[];
  /** Totals at the last `c`, by rule; what is shown is what came since. */
  readonly baseline: ReadonlyMap<string, SnapshotRule>;
  readonly rtt: ReadonlyMap<string, ProbeOutcome>;
  readonly tab: typeof TABS[number];
  /** Id of the rule; `null` for the first. */
  readonly selected: string | null;
  readonly sort: typeof SORTS[number];
  readonly isReversed: boolean;
  readonly filter: string;
  readonly isFiltering: boolean;
  readonly isPaused: boolean;
  readonly isHelpShown: boolean;
}

const SAMPLES_MAX = 4_096;
const WINDOW_MS = 60_000;

/** What there is before the first snapshot. */
export function initialModel(hello: Hello): Model {
  return {
    hello,
    samples: [],
    baseline: new Map(),
    rtt: new Map(),
    tab: "Overview",
    selected: null,
    sort: "file",
    isReversed: false,
    filter: "",
    isFiltering: false,
    isPaused: false,
    isHelpShown: false,
  };
}

/** Takes in a line of the daemon. While paused, snapshots are dropped. */
export function onMessage(model: Model, message: StatsMessage): Model {
  if (message.kind === "hello") return { ...model, hello: message.hello };
  if (model.isPaused) return model;
  const max = Math.min(
    SAMPLES_MAX,
    Math.ceil(WINDOW_MS / Math.max(model.hello.refresh_ms, 50)) + 1,
  );
  return { ...model, samples: [...model.samples, message.snapshot].slice(-max) };
}

/**
 * Takes in a key. `order` is the ids of the rules that are listed, as they are listed.
 *
 * @returns `null` to quit
 */
export function onKey(model: Model, key: Key, order: readonly string[]): Model | null {
  if (key.name === "interrupt") return null;
  if (model.isFiltering) return onFilterKey(model, key);
  switch (key.name) {
    case "up":
      return select(model, order, -1);
    case "down":
      return select(model, order, 1);
    case "left":
    case "backtab":
      return turnTab(model, -1);
    case "right":
    case "tab":
      return turnTab(model, 1);
    case "enter":
      return { ...model, tab: "Detail" };
    case "escape":
      return model.isHelpShown ? { ...model, isHelpShown: false } : { ...model, filter: "" };
    case "backspace":
      return model;
    case "char":
      return onChar(model, key.char, order);
    default: {
      const never: never = key.name;
      return never;
    }
  }
}

function onChar(model: Model, char: string, order: readonly string[]): Model | null {
  switch (char) {
    case "q":
      return null;
    case "?":
      return { ...model, isHelpShown: !model.isHelpShown };
    case "/":
      return { ...model, isFiltering: true, tab: "Overview", isHelpShown: false };
    case "p":
      return { ...model, isPaused: !model.isPaused };
    case "c":
      return { ...model, baseline: new Map(model.samples.at(-1)?.r.map((row) => [row.id, row])) };
    case "s":
      return { ...model, sort: SORTS[(SORTS.indexOf(model.sort) + 1) % SORTS.length] ?? "file" };
    case "r":
      return { ...model, isReversed: !model.isReversed };
    case "k":
      return select(model, order, -1);
    case "j":
      return select(model, order, 1);
    case "h":
      return turnTab(model, -1);
    case "l":
      return turnTab(model, 1);
    default:
      return model;
  }
}

/** Enter keeps the filter, Escape drops it. */
function onFilterKey(model: Model, key: Key): Model {
  if (key.name === "char") return { ...model, filter: model.filter + key.char };
  if (key.name === "enter") return { ...model, isFiltering: false };
  if (key.name === "escape") return { ...model, isFiltering: false, filter: "" };
  if (key.name !== "backspace") return model;
  return { ...model, filter: [...model.filter].slice(0, -1).join("") };
}

function select(model: Model, order: readonly string[], step: number): Model {
  const now = model.selected === null ? 0 : Math.max(0, order.indexOf(model.selected));
  const next = Math.min(Math.max(now + step, 0), order.length - 1);
  return { ...model, selected: order[next] ?? null };
}

function turnTab(model: Model, step: number): Model {
  const next = (TABS.indexOf(model.tab) + step + TABS.length) % TABS.length;
  return { ...model, tab: TABS[next] ?? "Overview" };
}
