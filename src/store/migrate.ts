/**
 * Brings a database file to the schema this program works with, or refuses it.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import { instantFromMillis, parseInstant, toStoreText } from "../core/instant.ts";
import { type Columns, type Database, StoreError } from "./database.ts";
import { backUpBeforeMigration } from "./migration_backup.ts";
import type { Migration } from "./migrations.ts";

const BOOKKEEPING = `
  CREATE TABLE IF NOT EXISTS schema_migrations (
    version INT4 PRIMARY KEY,
    name VARCHAR(255),
    applied_on VARCHAR(255),
    checksum VARCHAR(255)
  )
`;

/** Version of the newest step that was applied to `db`; 0 for a new file. */
export function schemaVersion(db: Database): number {
  return headOf(readHistory(db));
}

/**
 * The steps that `db` still needs.
 *
 * @throws {PortunusError} `schema_version_too_new`; `migration_failed` when its history is another
 */
export function pendingMigrations(
  db: Database,
  migrations: readonly Migration[],
): readonly Migration[] {
  const history = readHistory(db);
  const head = headOf(history);
  const target = headOf(migrations);
  if (head > target) {
    throw new PortunusError("schema_version_too_new", `on_disk=${head} binary_supports=${target}`);
  }
  checkHistory(history, migrations.filter(({ version }) => version <= head));
  return migrations.filter(({ version }) => version > head);
}

export interface MigrateOptions {
  readonly clock: Clock;
  /** Whether a store that is older is first copied to a file beside it. */
  readonly backup: boolean;
}

/**
 * Applies what `db` needs of `migrations`.
 *
 * @throws {PortunusError} as {@linkcode pendingMigrations}; `migration_failed`
 * @throws {StoreError} when the file cannot be read, or the copy cannot be made
 */
export function migrate(
  db: Database,
  migrations: readonly Migration[],
  { clock, backup: wantsBackup }: MigrateOptions,
): void {
  const pending = pendingMigrations(db, migrations);
  if (pending.length === 0) return;
  const backup = wantsBackup ? backUpBeforeMigration(db, schemaVersion(db), clock) : null;
  for (const migration of pending) {
    try {
      apply(db, migration, clock);
    } catch (error) {
      // The copy of a store that did not change is worth nothing, and a supervisor that tries
      // again and again would fill the disk with them.
      if (backup !== null && migration === pending[0]) Deno.removeSync(backup);
      throw error;
    }
  }
}

/** A row of the bookkeeping table; nothing of it is trusted. */
type HistoryRow = Columns;

function readHistory(db: Database): HistoryRow[] {
  const table = db.get(
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'",
  );
  if (!table) return [];
  try {
    return db.all("SELECT version, name, applied_on, checksum FROM schema_migrations");
  } catch (cause) {
    // Whoever made that table, it was neither this program nor 3.1.0.
    if (cause instanceof StoreError && cause.kind === "internal") throw failed(cause.detail, cause);
    throw cause;
  }
}

function headOf(steps: readonly { readonly version?: unknown }[]): number {
  const versions = steps.map(({ version }) => typeof version === "string" ? 0 : Number(version));
  return Math.max(0, ...versions);
}

/** Every row must be one of the steps of `expected`, and every step must have its row. */
function checkHistory(history: readonly HistoryRow[], expected: readonly Migration[]): void {
  for (const row of history) {
    const known = expected.find(({ version }) => BigInt(version) === row.version);
    const problem = known ? rowProblem(row, known) : "is not a step of this schema";
    if (problem !== null) throw failed(`version ${row.version} ${problem}`);
  }
  for (const { version } of expected) {
    if (!history.some((row) => row.version === BigInt(version))) {
      throw failed(`version ${version} is missing from the history`);
    }
  }
}

function rowProblem(row: HistoryRow, known: Migration): string | null {
  if (row.name !== known.name) return `is called ${row.name}, expected ${known.name}`;
  if (row.checksum !== known.checksum) {
    return `has the checksum ${row.checksum}, expected ${known.checksum}`;
  }
  return isInstant(row.applied_on) ? null : "has an unreadable date";
}

function isInstant(value: unknown): boolean {
  try {
    parseInstant(String(value));
    return true;
  } catch {
    return false;
  }
}

/** One transaction for the step and its row: a step that fails leaves the file as it was. */
function apply(db: Database, { version, name, checksum, sql }: Migration, clock: Clock): void {
  // Dropping a table in order to rebuild it must not cascade, and this cannot be switched inside
  // a transaction (https://sqlite.org/lang_altertable.html#otheralter).
  db.run("PRAGMA foreign_keys = OFF");
  try {
    db.write(() => {
      db.exec(BOOKKEEPING);
      db.exec(sql);
      const appliedOn = toStoreText(instantFromMillis(clock.now()));
      db.run(
        "INSERT INTO schema_migrations (version, name, applied_on, checksum) VALUES (?, ?, ?, ?)",
        version,
        name,
        appliedOn,
        checksum,
      );
      const [orphan] = db.all("PRAGMA foreign_key_check");
      if (orphan) {
        throw failed(`version ${version} leaves rows of ${orphan.table} without a parent`);
      }
    });
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    throw failed(`version ${version} (${name}): ${cause.detail}`, cause);
  } finally {
    db.run("PRAGMA foreign_keys = ON");
  }
}

function failed(detail: string, cause?: Error): PortunusError {
  return new PortunusError("migration_failed", detail, cause && { cause });
}
