/**
 * The dashboard's frames: from what is known to lines of text, and nothing else.
 *
 * @module
 */

import { formatRate } from "../units.ts";
import { detailLines } from "./detail_view.ts";
import { type Model, TABS } from "./model.ts";
import { overviewLines } from "./overview_view.ts";
import { listedRows, type Row, selectedRow } from "./rows.ts";
import { fit, fitLine, type Line, plain, type Size, styled } from "./screen.ts";

/** Exactly `height` lines of `width` columns. */
export function frame(model: Model, size: Size): Line[] {
  const rows = listedRows(model);
  const bodySize = { width: size.width, height: Math.max(0, size.height - 4) };
  const rule = plain("─".repeat(size.width));
  const body = model.isHelpShown ? HELP.map(plain) : bodyLines(model, rows, bodySize);
  const filled = Array.from({ length: bodySize.height }, (_, i) => body[i] ?? plain(""));
  return [tabLine(model), rule, ...filled, rule, footer(model)].slice(0, size.height)
    .map((line) => fitLine(line, size.width));
}

function bodyLines(model: Model, rows: readonly Row[], size: Size): Line[] {
  switch (model.tab) {
    case "Overview":
      return overviewLines(model, rows, size);
    case "Detail": {
      const row = selectedRow(model, rows);
      return row === undefined ? [plain(" No rule is listed.")] : detailLines(model, row, size);
    }
    case "Errors":
      return errorLines(rows);
    default: {
      const never: never = model.tab;
      return never;
    }
  }
}

function tabLine(model: Model): Line {
  const tabs = TABS.map((tab) => styled(` ${tab} `, tab === model.tab ? "selected" : "dim"));
  const arrow = model.isReversed ? "↑" : "↓";
  const state = [
    model.isPaused ? "paused" : "",
    model.baseline.size > 0 ? "since reset" : "",
    `sort: ${model.sort}${arrow}`,
    `v${model.hello.daemon_version}`,
  ].filter((it) => it !== "").join("  ");
  return [styled(" Portunus ", "title"), ...tabs, { text: "  " }, styled(state, "dim")];
}

function footer(model: Model): Line {
  if (model.isFiltering) return plain(` filter: ${model.filter}_   Enter keeps it, Esc drops it`);
  const all = listedRows({ ...model, filter: "" });
  const sum = (of: (row: Row) => number) => all.reduce((total, row) => total + of(row), 0);
  const { fd_open = null, fd_limit = null } = model.samples.at(-1)?.process ?? {};
  const parts = [
    `${all.length} ${all.length === 1 ? "rule" : "rules"}`,
    `in ${formatRate(sum((row) => row.inRate))}`,
    `out ${formatRate(sum((row) => row.outRate))}`,
    `fd ${fd_open ?? "-"}/${fd_limit ?? "-"}`,
    ...(model.filter === "" ? [] : [`filter "${model.filter}"`]),
    "? help",
  ];
  return plain(` ${parts.join("  ")}`);
}

function errorLines(rows: readonly Row[]): Line[] {
  const line = (rule: string, event: string, count: string) =>
    ` ${fit(rule, 24)} ${fit(event, 28)} ${fit(count, 12, "right")}`;
  const errors = rows.flatMap(({ rule, errors }) =>
    errors.map(([event, count]): Line => [styled(line(rule.name, event, String(count)), "bad")])
  );
  const head: Line = [styled(line("rule", "event", "count"), "title")];
  return [head, ...(errors.length > 0 ? errors : [plain(" Nothing went wrong.")])];
}

const HELP = [
  "",
  "  q  Ctrl-C       quit",
  "  ?  Esc          show and hide this help",
  "  Tab → l         next tab            Shift-Tab ← h   previous tab",
  "  ↓ j  ↑ k        select a rule       Enter           its details",
  "  /               filter by name, protocol, port or target; Esc drops the filter",
  "  s               sort: file, rate, total, name, conns",
  "  r               reverse the order",
  "  p               pause",
  "  c               count totals from now",
  "",
  "  rtt             time to connect from here to the preferred target, every 2 s",
];
