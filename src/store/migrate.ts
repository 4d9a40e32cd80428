/**
 * Brings a database file to the schema this program works with, or refuses it.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import { instantFromMillis, parseInstant, toStoreText } from "../core/instant.ts";
import type { Database } from "./database.ts";
import type { Migration } from "./migrations.ts";

const BOOKKEEPING = `
  CREATE TABLE IF NOT EXISTS schema_migrations (
    version    INT4 PRIMARY KEY,
    name       VARCHAR(255),
    applied_on VARCHAR(255),
    checksum   VARCHAR(255)
  )
`;

/** Version of the newest step that was applied to `db`; 0 for a new file. */
export function schemaHead(db: Database): number {
  const table = db.get(
    "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'",
  );
  if (!table) return 0;
  const head = db.get("SELECT MAX(version) AS head FROM schema_migrations")?.["head"] ?? 0n;
  return Number(head);
}

/**
 * Refuses a file that is newer than `migrations`, or that has another history.
 *
 * @returns the steps that are still to be applied
 * @throws {PortunusError} `schema_version_too_new`, `migration_failed`
 */
export function pendingMigrations(
  db: Database,
  migrations: readonly Migration[],
): readonly Migration[] {
  const head = schemaHead(db);
  const target = migrations.at(-1)?.version ?? 0;
  if (head > target) {
    throw new PortunusError("schema_version_too_new", `on_disk=${head} binary_supports=${target}`);
  }
  if (head > 0) checkHistory(db, migrations.filter(({ version }) => version <= head));
  return migrations.filter(({ version }) => version > head);
}

function checkHistory(db: Database, expected: readonly Migration[]): void {
  const rows = db.all(
    "SELECT version, name, applied_on, checksum FROM schema_migrations ORDER BY version",
  );
  const applied = new Map(rows.map((row) => [Number(row["version"]), row]));
  for (const [version, row] of applied) {
    const known = expected.find((it) => it.version === version);
    if (!known || row["name"] !== known.name) throw failed(version, "is not a step of this schema");
    if (row["checksum"] !== known.checksum) throw failed(version, "has another checksum");
    if (!isInstant(row["applied_on"])) throw failed(version, "has an unreadable date");
  }
  for (const { version } of expected) {
    if (!applied.has(version)) throw failed(version, "is missing from the history");
  }
}

function isInstant(value: unknown): boolean {
  try {
    parseInstant(String(value));
    return true;
  } catch {
    return false;
  }
}

function failed(version: number, why: string, cause?: unknown): PortunusError {
  return new PortunusError("migration_failed", `version ${version} ${why}`, { cause });
}

/**
 * Applies `pending`, each step and its bookkeeping row in one transaction: a step that fails
 * leaves the file as it was before it.
 *
 * @throws {PortunusError} `migration_failed`
 */
export function applyMigrations(db: Database, pending: readonly Migration[], clock: Clock): void {
  for (const { version, name, checksum, sql } of pending) {
    const appliedOn = toStoreText(instantFromMillis(clock.now()));
    // Rebuilding a table that others refer to must not cascade (https://sqlite.org/lang_altertable.html#otheralter).
    db.exec("PRAGMA foreign_keys = OFF");
    try {
      db.transaction(() => {
        db.exec(BOOKKEEPING);
        db.exec(sql);
        db.run(
          "INSERT INTO schema_migrations VALUES (?, ?, ?, ?)",
          version,
          name,
          appliedOn,
          checksum,
        );
        const orphans = db.all("PRAGMA foreign_key_check");
        if (orphans.length > 0) {
          throw new Error(`${orphans.length} rows refer to rows that are gone`);
        }
      });
    } catch (cause) {
      throw failed(version, (cause as Error).message, cause);
    } finally {
      db.exec("PRAGMA foreign_keys = ON");
    }
  }
}
