/**
 * One rule, with its last minute, its targets and their health.
 *
 * @module
 */

import type { TargetHealth } from "../stats_messages.ts";
import { formatBytes, formatRate, sparkline } from "../units.ts";
import type { Model } from "./model.ts";
import { preferredTarget, rateHistory, type Row } from "./rows.ts";
import { fitLine, type Line, plain, type Size, type Span, styled } from "./screen.ts";

/** Panels are side by side from this width on. */
const TWO_COLUMNS_MIN = 78;

/** The lines of the rule; more than fit are cut by the frame. */
export function detailLines(model: Model, row: Row, { width }: Size): Line[] {
  const { rule } = row;
  const rates = rateHistory(model, rule.id);
  const head: Line = [
    styled(` ${rule.name}`, "title"),
    { text: `  ${rule.proto} ${rule.listen} → ${row.upstream}` },
    styled(`  rule ${rule.id}`, "dim"),
  ];
  const chart = [
    ...chartLines("in", rates.map((it) => it.in), width),
    ...chartLines("out", rates.map((it) => it.out), width),
  ];
  const panels = [targets(model, row), counters(row), capabilities(row), errors(row)];
  return [head, ...chart, plain(""), ...arrange(panels, width)];
}

function chartLines(title: string, values: readonly number[], width: number): Line[] {
  const peak = Math.max(0, ...values);
  const average = values.reduce((sum, it) => sum + it, 0) / Math.max(1, values.length);
  const now = values.at(-1) ?? 0;
  const numbers = ` ${title.padEnd(3)} now ${formatRate(now)}  peak ${formatRate(peak)}  ` +
    `avg ${formatRate(average)}`;
  return [plain(numbers), plain(` ${sparkline(values, Math.min(61, width - 2))}`)];
}

function arrange(panels: readonly Line[][], width: number): Line[] {
  if (width < TWO_COLUMNS_MIN) return panels.flatMap((panel) => [...panel, plain("")]);
  const half = Math.floor(width / 2);
  const lines: Line[] = [];
  for (let i = 0; i < panels.length; i += 2) {
    const [one = [], other = []] = panels.slice(i, i + 2);
    for (let y = 0; y < Math.max(one.length, other.length); y++) {
      lines.push([...fitLine(one[y] ?? [], half), ...(other[y] ?? [])]);
    }
    lines.push(plain(""));
  }
  return lines;
}

const title = (text: string): Line => [styled(` ${text}`, "title")];

/** The first healthy one in order of preference is the one in use. */
function targets(model: Model, { rule, counters }: Row): Line[] {
  const health = counters?.health ?? [];
  const [active] = health.filter(({ state }) => state === "healthy")
    .toSorted((a, b) => a.priority - b.priority);
  const now = model.samples.at(-1)?.t_ms ?? 0;
  const preferred = preferredTarget(rule);
  const lines = rule.targets.map((target, i): Line => {
    const state = health[i];
    const isActive = state === undefined ? target === preferred : state === active;
    const name = `${isActive ? " * " : "   "}${target.host}:${target.port}`;
    return [{ text: name }, styled(` p${target.priority}`, "dim"), ...healthSpans(state, now)];
  });
  return [title("Targets"), ...lines];
}

function healthSpans(state: TargetHealth | undefined, nowMs: number): Span[] {
  if (state === undefined) return [];
  if (state.state === "healthy") return [styled(" healthy", "good")];
  const since = state.last_failure_at_ms === null
    ? ""
    : ` ${Math.max(0, Math.round((nowMs - state.last_failure_at_ms) / 1_000))}s ago`;
  return [styled(` failed ×${state.consecutive_failures}${since}`, "bad")];
}

function counters(row: Row): Line[] {
  const { counters: counted } = row;
  const conns = row.rule.proto === "udp"
    ? ` flows       ${row.active}`
    : ` connections ${row.active} of ${row.connections}`;
  const datagrams = ` datagrams   ${counted?.datagrams_in ?? 0} in, ${
    counted?.datagrams_out ?? 0
  } out`;
  return [
    title("Counters"),
    plain(` in          ${formatBytes(row.inTotal)}`),
    plain(` out         ${formatBytes(row.outTotal)}`),
    plain(conns),
    ...(row.rule.proto === "udp" ? [plain(datagrams)] : []),
    plain(` failovers   ${counted?.target_failovers_total ?? 0}`),
    plain(` capped      ${counted?.limits_rejected ?? 0}`),
  ];
}

function capabilities({ rule }: Row): Line[] {
  const proxy = rule.targets.find(({ proxy_protocol }) => proxy_protocol !== null)?.proxy_protocol;
  return [
    title("Capabilities"),
    plain(` splice      ${rule.splice_capable ? "yes" : "no"}`),
    plain(` proxy       ${proxy ?? "-"}`),
    plain(` udp flows   ${rule.udp_max_flows ?? "-"}`),
    plain(` sni         ${rule.sni_pattern ?? "-"}`),
  ];
}

function errors({ errors }: Row): Line[] {
  if (errors.length === 0) return [title("Errors"), plain(" none")];
  return [
    title("Errors"),
    ...errors.map(([name, count]): Line => [styled(` ${name} ${count}`, "bad")]),
  ];
}
