import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { t } from "../i18n/i18n.ts";

const ROW_PX = 44;
const VIEWPORT_PX = 560;
const OVERSCAN = 6;

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** Shown in place of the title. */
  readonly head?: ComponentChildren;
  /** A width of CSS grid. */
  readonly width: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What rows are sorted by; columns without it cannot be sorted. */
  readonly sortBy?: (row: Row) => string | number;
}

/** `column` ascending, `-column` descending, empty for the given order. */
export type Sort = string;

export interface DataTableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string | number;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}

/** A table of any length: only the rows that can be seen are in the document. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { rows, columns, sort } = props;
  /** The row that is at the top: scrolling within it changes nothing. */
  const [topRow, setTopRow] = useState(0);
  const first = Math.max(0, topRow - OVERSCAN);
  // Not for every frame of a scroll: the columns change with whatever surrounds the table.
  const inOrder = useMemo(() => sorted(rows, columns, sort), [rows, columns, sort]);
  const shown = inOrder.slice(first, first + Math.ceil(VIEWPORT_PX / ROW_PX) + 2 * OVERSCAN);
  const grid = { gridTemplateColumns: columns.map((it) => it.width).join(" ") };
  return (
    <div class="table-frame">
      <div
        class="table-scroll"
        tabIndex={0}
        role="table"
        aria-label={props.label}
        aria-rowcount={rows.length + 1}
        onScroll={(event) => setTopRow(Math.floor(event.currentTarget.scrollTop / ROW_PX))}
      >
        <div class="table-row table-head" role="row" style={grid}>
          {columns.map((column) => (
            <HeadCell key={column.id} column={column} sort={sort} onSort={props.onSort} />
          ))}
        </div>
        <div class="table-body" role="rowgroup" style={{ height: `${rows.length * ROW_PX}px` }}>
          {shown.map((row, i) => (
            <div
              key={props.keyOf(row)}
              class="table-row"
              role="row"
              aria-rowindex={first + i + 2}
              style={{ ...grid, transform: `translateY(${(first + i) * ROW_PX}px)` }}
            >
              {columns.map((column) => (
                <div key={column.id} class="table-cell" role="cell">{column.cell(row)}</div>
              ))}
            </div>
          ))}
        </div>
      </div>
      <p class="table-foot muted">{t("table.rows", { n: rows.length })}</p>
    </div>
  );
}

interface HeadCellProps<Row> {
  readonly column: Column<Row>;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}

/** Ascending, then descending, then as it came. */
function HeadCell<Row>({ column, sort, onSort }: HeadCellProps<Row>) {
  const { id, title, head, sortBy } = column;
  if (!sortBy) return <div class="table-cell" role="columnheader">{head ?? title}</div>;
  const direction = sort === id ? "ascending" : sort === `-${id}` ? "descending" : "none";
  const next = direction === "none" ? id : direction === "ascending" ? `-${id}` : "";
  return (
    <div class="table-cell" role="columnheader" aria-sort={direction}>
      <button type="button" onClick={() => onSort(next)}>
        {title}
        <span aria-hidden="true">{{ ascending: " ↑", descending: " ↓", none: "" }[direction]}</span>
      </button>
    </div>
  );
}

/** The rows in the order that `sort` asks for. */
export function sorted<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: Sort,
): readonly Row[] {
  const by = columns.find((it) => it.id === sort.replace(/^-/, ""))?.sortBy;
  if (!by) return rows;
  const sign = sort.startsWith("-") ? -1 : 1;
  return rows.toSorted((a, b) => sign * compare(by(a), by(b)));
}

const collator = new Intl.Collator();

function compare(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : collator.compare(`${a}`, `${b}`);
}
