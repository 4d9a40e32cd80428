/**
 * The tables of shared accounts, and how a server makes sure of them when it starts.
 *
 * @module
 */

import { PortunusError } from "../core/errors.ts";
import type { Dialect, SqlConnection } from "./sql.ts";

/** Version of the schema that this program writes. */
export const SCHEMA_VERSION = 2;

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly primaryKey: string;
  readonly indexed?: string;
}

const COUNTERS: Table = {
  name: "portunus_counters",
  columns: ["name VARCHAR(64) NOT NULL", "value BIGINT NOT NULL"],
  primaryKey: "name",
};

const TABLES: readonly Table[] = [
  {
    name: "portunus_users",
    columns: [
      "user_id VARCHAR(32) NOT NULL",
      "role VARCHAR(16) NOT NULL",
      "display_name VARCHAR(255) NOT NULL",
      "disabled SMALLINT NOT NULL DEFAULT 0",
      "created_at BIGINT NOT NULL",
      "password_hash VARCHAR(255)",
      "password_change_required SMALLINT NOT NULL DEFAULT 0",
      // Version 2
      "email VARCHAR(255)",
      "totp_secret VARCHAR(64)",
      "totp_last_step BIGINT",
    ],
    primaryKey: "user_id",
  },
  {
    name: "portunus_credentials",
    columns: [
      "credential_id CHAR(26) NOT NULL",
      "user_id VARCHAR(32) NOT NULL",
      "hash CHAR(64) NOT NULL UNIQUE",
      "label TEXT",
      "status VARCHAR(8) NOT NULL",
      "issued_at BIGINT NOT NULL",
      "revoked_at BIGINT",
      "last_used_at BIGINT",
    ],
    primaryKey: "credential_id",
    indexed: "user_id",
  },
  {
    name: "portunus_web_sessions",
    columns: [
      "session_hash CHAR(64) NOT NULL",
      "user_id VARCHAR(32) NOT NULL",
      "created_at BIGINT NOT NULL",
      "last_seen_at BIGINT NOT NULL",
      "absolute_expires_at BIGINT NOT NULL",
      "revoked_at BIGINT",
      "remote_addr VARCHAR(64) NOT NULL",
      "user_agent VARCHAR(512)",
    ],
    primaryKey: "session_hash",
    indexed: "user_id",
  },
  {
    name: "portunus_login_attempts",
    columns: [
      "subject VARCHAR(64) NOT NULL",
      "remote_addr VARCHAR(64) NOT NULL",
      "action VARCHAR(16) NOT NULL",
      "failures INT NOT NULL",
      "first_failed_at BIGINT",
      "last_failed_at BIGINT",
      "locked_until BIGINT",
    ],
    primaryKey: "subject, remote_addr, action",
  },
];

/**
 * Makes what is missing, one server at a time.
 *
 * @param seconds how long to wait for another server that does the same
 * @throws {PortunusError} `schema_version_too_new`
 * @throws {SqlError} what the database says, a table that lacks a column included
 */
export async function prepareSchema(
  connection: SqlConnection,
  dialect: Dialect,
  seconds: number,
): Promise<void> {
  await dialect.exclusively(connection, seconds, async () => {
    await create(connection, dialect, COUNTERS);
    await requireKnownVersion(connection);
    for (const table of TABLES) {
      await create(connection, dialect, table);
      await addColumns(connection, table);
    }
    for (const table of [COUNTERS, ...TABLES]) await check(connection, table);
    for (const [name, value] of [["users", 0], ["bootstrap", 0], ["schema", SCHEMA_VERSION]]) {
      await connection.query(
        `INSERT INTO portunus_counters (name, value) VALUES (?, ?)${
          dialect.ignoreExisting("name")
        }`,
        name ?? "",
        value ?? 0,
      );
    }
    await connection.query(
      "UPDATE portunus_counters SET value = ? WHERE name = 'schema' AND value < ?",
      SCHEMA_VERSION,
      SCHEMA_VERSION,
    );
    const { rows: [row] } = await connection.query("SELECT count(*) AS n FROM portunus_users");
    const users = Number(row?.["n"]);
    await connection.query(
      "UPDATE portunus_counters SET value = ? WHERE name = 'users' AND value < ?",
      users,
      users,
    );
  });
}

async function requireKnownVersion(connection: SqlConnection): Promise<void> {
  const { rows: [row] } = await connection.query(
    "SELECT value FROM portunus_counters WHERE name = 'schema'",
  );
  if (row === undefined || Number(row["value"]) <= SCHEMA_VERSION) return;
  throw new PortunusError(
    "schema_version_too_new",
    `the shared accounts have schema ${row["value"]}, this version knows ${SCHEMA_VERSION}`,
  );
}

async function create(connection: SqlConnection, dialect: Dialect, table: Table): Promise<void> {
  const { name, columns, primaryKey, indexed } = table;
  const index = `${name}_${indexed}`;
  const inline = indexed !== undefined && dialect.inlineIndexes;
  const parts = [
    ...columns,
    `PRIMARY KEY (${primaryKey})`,
    ...(inline ? [`INDEX ${index} (${indexed})`] : []),
  ];
  const options = await dialect.tableOptions(connection);
  await connection.query(`CREATE TABLE IF NOT EXISTS ${name} (${parts.join(", ")})${options}`);
  if (indexed === undefined || inline) return;
  await connection.query(`CREATE INDEX IF NOT EXISTS ${index} ON ${name} (${indexed})`);
}

/**
 * Adds the columns that an earlier version did not have; all of them may be NULL. Servers of that
 * version that still run go on, but ask nobody for a one-time code.
 */
async function addColumns(connection: SqlConnection, { name, columns }: Table): Promise<void> {
  // One row of NULLs, whose names are the columns there are.
  const { rows: [row] } = await connection.query(
    `SELECT t.* FROM (SELECT 1 AS one) AS o LEFT JOIN ${name} t ON 1 = 0`,
  );
  for (const column of columns) {
    const [columnName = ""] = column.split(" ", 1);
    if (row !== undefined && Object.hasOwn(row, columnName)) continue;
    if (column.includes("NOT NULL")) continue;
    await connection.query(`ALTER TABLE ${name} ADD COLUMN ${column}`);
  }
}

/** Fails when a table of that name lacks one of our columns. */
async function check(connection: SqlConnection, { name, columns }: Table): Promise<void> {
  const names = columns.map((column) => column.split(" ", 1)[0]);
  await connection.query(`SELECT ${names.join(", ")} FROM ${name} WHERE 1 = 0`);
}

/** The statements that make the tables, for a copy of them in SQLite. */
export function sqliteTables(): string[] {
  return TABLES.flatMap(({ name, columns, primaryKey, indexed }) => [
    `CREATE TABLE IF NOT EXISTS ${name} (${columns.join(", ")}, PRIMARY KEY (${primaryKey}))`,
    ...(indexed === undefined
      ? []
      : [`CREATE INDEX IF NOT EXISTS ${name}_${indexed} ON ${name} (${indexed})`]),
  ]);
}
