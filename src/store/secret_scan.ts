import { timingSafeEqual } from "node:crypto";
import type { Columns } from "./database.ts";

const utf8 = new TextEncoder();

/**
 * The row whose `column` is `hash`. Every row is compared in full, whatever the earlier ones held:
 * how long it takes depends on their number alone.
 */
export function findByHash(
  rows: readonly Columns[],
  { column, hash }: { readonly column: string; readonly hash: string },
): Columns | undefined {
  const wanted = utf8.encode(hash);
  let found: Columns | undefined;
  for (const row of rows) {
    const stored = utf8.encode(String(row[column]));
    if (stored.length === wanted.length && timingSafeEqual(stored, wanted)) found = row;
  }
  return found;
}
