import { PortunusError } from "../core/errors.ts";
import { Database } from "./database.ts";
import type { Migration } from "./migrations.ts";

const TABLE_COLUMNS = `
  SELECT t.name || '.' || c.name AS name
  FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
  WHERE t.type = 'table'
`;

/**
 * Checks that `db` has every table and column that `migrations` make: its history only claims so.
 * What there is more of does no harm.
 *
 * @throws {PortunusError} `migration_failed`, naming what is missing
 * @throws {StoreError} when the file cannot be read
 */
export function checkSchema(db: Database, migrations: readonly Migration[]): void {
  using model = new Database(":memory:");
  for (const { sql } of migrations) model.exec(sql);
  const present = new Set(columnsOf(db));
  const missing = columnsOf(model).filter((name) => !present.has(name));
  if (missing.length === 0) return;
  const version = migrations.at(-1)?.version;
  throw new PortunusError(
    "migration_failed",
    `the store says version ${version}, but has no ${missing.join(", ")}`,
  );
}

function columnsOf(db: Database): string[] {
  return db.all(TABLE_COLUMNS).map(({ name }) => String(name));
}
