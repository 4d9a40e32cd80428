/**
 * Caps as columns: the seven `rl_*` that rules and owners share.
 *
 * @module
 */

import {
  RATE_LIMIT_FIELDS,
  type RateLimit,
  rateLimitFromJson,
  type RateLimitName,
  rateLimitToJson,
} from "../core/rate_limit.ts";
import type { SqlParameter } from "./database.ts";
import type { Row } from "./row.ts";

const columnOf = <N extends RateLimitName>(name: N) => `rl_${name}` as const;

/** Their names, in the order caps are shown. */
export const LIMIT_COLUMNS = RATE_LIMIT_FIELDS.map(({ name }) => columnOf(name));

/** The values to store; unset caps are NULL. */
export function limitsToColumns(
  limits: RateLimit,
): Record<typeof LIMIT_COLUMNS[number], SqlParameter> {
  const json = rateLimitToJson(limits);
  return Object.fromEntries(
    RATE_LIMIT_FIELDS.map(({ name }) => [columnOf(name), json[name] ?? null]),
  ) as Record<typeof LIMIT_COLUMNS[number], SqlParameter>;
}

/** The caps of a row; `{}` when all are NULL. */
export function limitsFromRow(row: Row): RateLimit {
  return rateLimitFromJson(Object.fromEntries(
    RATE_LIMIT_FIELDS.map(({ name }) => [name, row.integerOrNull(columnOf(name))]),
  ));
}
