import type { Columns } from "./database.ts";

/**
 * The row whose `column` is `hash`. Every row is compared in full, whatever the earlier ones held:
 * how long it takes depends on the number of rows alone. They should have few columns: reading
 * them costs more than comparing.
 */
export function findByHash(
  rows: readonly Columns[],
  { column, hash }: { readonly column: string; readonly hash: string },
): Columns | undefined {
  let found: Columns | undefined;
  for (const row of rows) {
    if (isEqual(row[column], hash)) found = row;
  }
  return found;
}

/** Takes equally long for all texts of the same length. */
function isEqual(stored: unknown, wanted: string): boolean {
  if (typeof stored !== "string" || stored.length !== wanted.length) return false;
  let difference = 0;
  for (let i = 0; i < wanted.length; i++) {
    difference |= stored.charCodeAt(i) ^ wanted.charCodeAt(i);
  }
  return difference === 0;
}
