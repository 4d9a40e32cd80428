/**
 * The table of all rules.
 *
 * @module
 */

import { formatBytes, formatRate, sparkline } from "../units.ts";
import type { Model } from "./model.ts";
import { rateHistory, type Row, selectedRow } from "./rows.ts";
import { fit, type Line, type Size, type Span, type Style, styled } from "./screen.ts";

interface Column {
  readonly title: string;
  readonly width: number;
  /** Shown when the screen is at least this wide. */
  readonly from: number;
  readonly align: "left" | "right";
  readonly cell: (row: Row, model: Model) => Span;
}

const left = { align: "left", from: 0 } as const;
const right = { align: "right", from: 0 } as const;

/** The name has what the others leave. */
const COLUMNS: readonly Column[] = [
  { ...left, title: "proto", width: 5, cell: ({ rule }) => ({ text: rule.proto }) },
  { ...left, title: "listen", width: 11, cell: ({ rule }) => ({ text: rule.listen }) },
  { ...left, title: "upstream", width: 23, from: 104, cell: (row) => ({ text: row.upstream }) },
  { ...right, title: "rtt", width: 7, cell: rttCell },
  { ...right, title: "in rate", width: 11, cell: (row) => ({ text: formatRate(row.inRate) }) },
  { ...right, title: "out rate", width: 11, cell: (row) => ({ text: formatRate(row.outRate) }) },
  { ...right, title: "total i/o", width: 19, from: 124, cell: totalCell },
  { ...right, title: "conns", width: 9, cell: connectionsCell },
  { ...left, title: "trend", width: 8, cell: trendCell },
];

const NAME_MIN = 8;

/** A header and a line per rule, moved so that the selected one can be seen. */
export function overviewLines(model: Model, rows: readonly Row[], { width, height }: Size): Line[] {
  const columns = COLUMNS.filter(({ from }) => width >= from);
  const used = columns.reduce((sum, column) => sum + column.width + 1, 1);
  const nameWidth = Math.max(NAME_MIN, width - used);
  const head = ` ${fit("name", nameWidth)} ` +
    columns.map(({ title, width, align }) => fit(title, width, align)).join(" ");
  const selected = selectedRow(model, rows);
  const room = Math.max(1, height - 1);
  const at = selected === undefined ? 0 : rows.indexOf(selected);
  const first = Math.min(Math.max(0, at - room + 1), Math.max(0, rows.length - room));
  const lines = rows.slice(first, first + room).map((row): Line => {
    const isSelected = row === selected;
    const name = `${isSelected ? ">" : " "}${fit(row.rule.name, nameWidth)}`;
    const cells = columns.map(({ cell, width, align }) => {
      const { text, style } = cell(row, model);
      return styled(` ${fit(text, width, align)}`, isSelected ? "selected" : style);
    });
    return [styled(name, isSelected ? "selected" : undefined), ...cells];
  });
  if (rows.length === 0) lines.push([{ text: " No rule passes the filter." }]);
  return [[styled(head, "title")], ...lines];
}

function rttCell({ rule }: Row, model: Model): Span {
  if (rule.proto === "udp") return { text: "—" };
  const outcome = model.rtt.get(rule.id);
  if (outcome === undefined) return { text: "…" };
  if (typeof outcome !== "number") return { text: outcome, style: "bad" };
  return { text: `${Math.round(outcome)}ms`, style: speed(outcome) };
}

function speed(ms: number): Style {
  if (ms < 50) return "good";
  return ms < 200 ? "fair" : "bad";
}

function totalCell({ inTotal, outTotal }: Row): Span {
  return { text: `${formatBytes(inTotal)}/${formatBytes(outTotal)}` };
}

function connectionsCell({ rule, active, connections }: Row): Span {
  return { text: rule.proto === "udp" ? `${active}` : `${active}/${connections}` };
}

function trendCell({ rule }: Row, model: Model): Span {
  const rates = rateHistory(model, rule.id).map((it) => it.in + it.out);
  return { text: sparkline(rates, 8) };
}
