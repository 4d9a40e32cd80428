import type { ComponentChildren } from "preact";

export interface TableColumn<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers are set flush right. */
  readonly isNumber?: boolean;
}

export interface TableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly TableColumn<Row>[];
  readonly keyOf: (row: Row) => string;
  /** Shown in place of rows where there are none. */
  readonly empty: string;
}

/** A short table, every row of it in the document; it scrolls sideways where it has to. */
export function Table<Row>({ label, rows, columns, keyOf, empty }: TableProps<Row>) {
  return (
    <div class="table-frame">
      <div class="table-sideways" tabIndex={0} role="region" aria-label={label}>
        <table>
          <thead>
            <tr>
              {columns.map(({ title, isNumber }) => (
                <th key={title} scope="col" class={isNumber ? "number" : ""}>
                  {title || <span class="unseen">{label}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={keyOf(row)}>
                {columns.map(({ title, cell, isNumber }) => (
                  <td key={title} class={isNumber ? "number" : ""}>{cell(row)}</td>
                ))}
              </tr>
            ))}
            {rows.length === 0 && (
              <tr>
                <td class="muted" colSpan={columns.length}>{empty}</td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </div>
  );
}
