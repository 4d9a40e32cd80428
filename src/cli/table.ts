import { type Json, stringifyJson } from "../core/json.ts";

/** One column of a text table: its title and its minimum width in Unicode scalar values. */
export interface Column {
  readonly title: string;
  readonly width: number;
}

/**
 * A text table as 3.1.0 prints it: cells left-aligned, padded to the minimum width and joined by
 * one space, so lines carry trailing spaces; longer values are not cut.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const titles = columns.map(({ title }) => title);
  return [titles, ...rows].map((cells) => formatRow(columns, cells)).join("\n");
}

/** One line of a table. */
export function formatRow(columns: readonly Column[], cells: readonly string[]): string {
  return columns.map(({ width }, i) => padScalars(cells[i] ?? "", width)).join(" ");
}

/** Pads with spaces to `width`, counting Unicode scalar values rather than UTF-16 units. */
export function padScalars(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - [...text].length));
}

/**
 * Objects of the API as a table for people: a column for each of their members, as wide as it has
 * to be.
 */
export function jsonTable(body: Json): string {
  const objects = (Array.isArray(body) ? body : [body]) as readonly Record<string, Json>[];
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  const rows = objects.map((object) => names.map((name) => cellText(object[name])));
  const columns = names.map((name, i) => {
    const title = name.toUpperCase();
    const widths = rows.map((cells) => [...cells[i] ?? ""].length);
    return { title, width: Math.max(title.length, ...widths) };
  });
  return objects.length === 0 ? "none" : formatTable(columns, rows);
}

function cellText(value: Json | undefined): string {
  if (value === null || value === undefined || value === "") return "-";
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.map(cellText).join(",") : stringifyJson(value);
}
