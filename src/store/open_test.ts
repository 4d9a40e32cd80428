import assert from "node:assert/strict";
import { createLogger, parseLogFilter } from "../telemetry/log.ts";
import { dump, TempDataDir } from "../../tests/kit/data_dir.ts";
import { turn } from "../../tests/kit/turn.ts";
import { PortunusError } from "../core/errors.ts";
import { ClientRepository } from "./clients.ts";
import { MIGRATIONS, SCHEMA_VERSION } from "./migrations.ts";
import { openStore } from "./open.ts";

const permissions = (path: string) => ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);

/** Adds a row to the history of a store that nobody has open. */
const historyRow = (version: number, checksum: string) =>
  `INSERT INTO schema_migrations VALUES
     (${version}, 'from_the_future', '2030-01-01T00:00:00+00:00', '${checksum}')`;

/** What opening the store of `dir` fails with. */
function openFailure(dir: TempDataDir): PortunusError {
  try {
    dir.open()[Symbol.dispose]();
  } catch (error) {
    assert.ok(error instanceof PortunusError, String(error));
    return error;
  }
  return assert.fail("The store opened");
}

Deno.test("openStore() makes the data directory and a store of the newest schema", () => {
  using dir = new TempDataDir();
  const dataDir = `${dir.path}/not/there/yet`;
  using store = openStore({ ...logged(), dataDir, clock: dir.clock });
  assert.equal(store.schemaVersion(), SCHEMA_VERSION);
  assert.equal(store.db.path, `${dataDir}/state.db`);
});

/** A logger, and what it wrote. */
function logged() {
  const lines: Record<string, unknown>[] = [];
  const clock = { now: () => 0, monotonic: () => 0, timer: () => ({ [Symbol.dispose]() {} }) };
  const logger = createLogger({
    target: "test",
    filter: parseLogFilter(undefined),
    sink: (line) => lines.push(JSON.parse(line).fields),
    clock,
  });
  return { logger, lines };
}

Deno.test("openStore() says that it opened the store, and then which schema it has", () => {
  using dir = new TempDataDir();
  const { logger, lines } = logged();
  using _store = openStore({ dataDir: dir.path, logger, clock: dir.clock });
  assert.deepEqual(lines, [
    { event: "store.opened", path: dir.database, target_version: SCHEMA_VERSION },
    { event: "store.ready", path: dir.database, schema_version: SCHEMA_VERSION },
  ]);
});

Deno.test("openStore() lets nobody but the owner read the store", () => {
  using dir = new TempDataDir();
  using _store = dir.open();
  const files = ["state.db", "state.db-shm", "state.db-wal", "state.db.lock"];
  assert.deepEqual(dir.files(), files);
  for (const name of files) assert.equal(permissions(`${dir.path}/${name}`), "600", name);
});

Deno.test("openStore() keeps the mode that the operator gave an existing store", () => {
  using dir = new TempDataDir();
  dir.open()[Symbol.dispose]();
  Deno.chmodSync(dir.database, 0o640);
  using _store = dir.open();
  assert.equal(permissions(dir.database), "640");
});

Deno.test("openStore() changes nothing in a store that is up to date", () => {
  using dir = new TempDataDir();
  {
    using store = dir.open();
    new ClientRepository(store).insert({
      clientId: "01J00000000000000000000000",
      clientName: "edge",
      clientAddress: "192.0.2.1",
      tokenHash: "hash",
      issuedAt: Temporal.Instant.from("2026-01-02T03:04:05.123456789Z"),
    });
  }
  const before = dump(dir.database);
  dir.clock.advance(86_400_000);
  for (let round = 0; round < 5; round++) dir.open()[Symbol.dispose]();
  assert.equal(dump(dir.database), before);
  assert.deepEqual(dir.files(), ["state.db", "state.db.lock"]);
});

Deno.test("openStore() records each migration as 3.1.0 does", () => {
  using dir = new TempDataDir();
  using store = dir.open();
  const rows = store.db.all("SELECT * FROM schema_migrations ORDER BY version");
  const appliedOn = "2026-01-01T00:00:00+00:00";
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    MIGRATIONS.map(({ version, name, checksum }) => ({
      version: BigInt(version),
      name,
      applied_on: appliedOn,
      checksum,
    })),
  );
});

Deno.test("openStore() refuses a store that is open, and opens it once it is closed", () => {
  using dir = new TempDataDir();
  {
    using _store = dir.open();
    const error = openFailure(dir);
    assert.equal(error.code, "store_in_use");
    assert.equal(
      error.message,
      `store_in_use: ${dir.path}/state.db (process ${Deno.pid} has it: stop that first)`,
    );
  }
  using _again = dir.open();
});

Deno.test("openStore() writes into the lock file who has it", () => {
  using dir = new TempDataDir();
  using _store = dir.open();
  assert.equal(Deno.readTextFileSync(`${dir.database}.lock`), `${Deno.pid}\n`);
});

Deno.test("openStore() opens beside a lock file that was left behind", () => {
  using dir = new TempDataDir();
  Deno.writeTextFileSync(`${dir.database}.lock`, "");
  using _store = dir.open();
});

const damaged: readonly [what: string, content: string][] = [
  ["text", "This is not SQLite. ".repeat(300)],
  ["a few bytes", "x"],
  ["a header without a database", "SQLite format 3\0"],
];

for (const [what, content] of damaged) {
  Deno.test(`openStore() refuses a file that holds ${what}, and leaves it alone`, () => {
    using dir = new TempDataDir();
    Deno.writeTextFileSync(dir.database, content);
    const error = openFailure(dir);
    assert.equal(error.code, "store_corrupt");
    assert.equal(error.detail, `${dir.database} (file is not a database)`);
    assert.equal(Deno.readTextFileSync(dir.database), content);
  });
}

Deno.test("openStore() refuses a store whose pages are damaged", () => {
  using dir = new TempDataDir();
  dir.open()[Symbol.dispose]();
  const bytes = Deno.readFileSync(dir.database);
  bytes.fill(0xa5, 200, 4096); // the root of the schema
  Deno.writeFileSync(dir.database, bytes);
  assert.equal(openFailure(dir).code, "store_corrupt");
});

Deno.test("openStore() releases the lock when it fails", () => {
  using dir = new TempDataDir();
  Deno.writeTextFileSync(dir.database, "This is not SQLite. ".repeat(300));
  assert.equal(openFailure(dir).code, "store_corrupt");
  Deno.removeSync(dir.database);
  using _store = dir.open();
});

Deno.test("openStore() refuses a newer schema before it looks at any checksum", () => {
  using dir = new TempDataDir();
  dir.open()[Symbol.dispose]();
  dir.tamper(historyRow(SCHEMA_VERSION + 1, "not even a number"));
  dir.tamper("UPDATE schema_migrations SET checksum = 'bogus' WHERE version = 3");
  const before = dump(dir.database);
  const error = openFailure(dir);
  const versions = `on_disk=${SCHEMA_VERSION + 1} binary_supports=${SCHEMA_VERSION}`;
  assert.equal(error.message, `schema_version_too_new: ${versions}`);
  assert.equal(dump(dir.database), before);
});

const histories: readonly [what: string, sql: string, detail: RegExp][] = [
  [
    "a checksum is another",
    "UPDATE schema_migrations SET checksum = '1' WHERE version = 5",
    /^version 5 has the checksum 1, expected 3895287111093501813$/,
  ],
  [
    "a checksum is no number",
    "UPDATE schema_migrations SET checksum = 'bogus' WHERE version = 13",
    /^version 13 has the checksum bogus/,
  ],
  [
    "a checksum is missing",
    "UPDATE schema_migrations SET checksum = NULL WHERE version = 13",
    /^version 13 has the checksum null/,
  ],
  [
    "a name is another",
    "UPDATE schema_migrations SET name = 'renamed' WHERE version = 1",
    /^version 1 is called renamed, expected initial_schema$/,
  ],
  [
    "a date is none",
    "UPDATE schema_migrations SET applied_on = 'yesterday' WHERE version = 2",
    /^version 2 has an unreadable date$/,
  ],
  [
    "a date has no time",
    "UPDATE schema_migrations SET applied_on = '2026-01-01' WHERE version = 2",
    /^version 2 has an unreadable date$/,
  ],
  [
    "a row is missing",
    "DELETE FROM schema_migrations WHERE version = 7",
    /^version 7 is missing from the history$/,
  ],
  [
    "a version is below the first",
    historyRow(-1, "1"),
    /^version -1 is not a step of this schema$/,
  ],
  [
    "a version is no number",
    "UPDATE schema_migrations SET version = 'thirteen' WHERE version = 13",
    /^version thirteen is not a step of this schema$/,
  ],
  [
    "a version is NULL",
    "UPDATE schema_migrations SET version = NULL WHERE version = 13",
    /^version null is not a step of this schema$/,
  ],
  [
    "its table has lost a column",
    "ALTER TABLE schema_migrations DROP COLUMN checksum",
    /^no such column: checksum$/,
  ],
  [
    "there is nothing in it",
    "DELETE FROM schema_migrations",
    /^version 1 \(initial_schema\): table users already exists at offset \d+$/,
  ],
  [
    "there is none",
    "DROP TABLE schema_migrations",
    /^version 1 \(initial_schema\): table users already exists at offset \d+$/,
  ],
  [
    "it claims a table that is not there",
    "DROP TABLE rule_targets",
    /^the store says version \d+, but has no rule_targets\.rule_id, rule_targets\.idx, /,
  ],
  [
    "it claims a column that is not there",
    "ALTER TABLE web_sessions DROP COLUMN user_agent",
    /^the store says version \d+, but has no web_sessions\.user_agent$/,
  ],
];

for (const [what, sql, detail] of histories) {
  Deno.test(`openStore() refuses a history in which ${what}`, () => {
    using dir = new TempDataDir();
    dir.open()[Symbol.dispose]();
    dir.tamper(sql);
    const before = dump(dir.database);
    const error = openFailure(dir);
    assert.equal(error.code, "migration_failed");
    assert.match(error.detail ?? "", detail);
    assert.equal(dump(dir.database), before);
    assert.deepEqual(dir.files(), ["state.db", "state.db.lock"]);
  });
}

Deno.test("openStore() does not mind what else is in the file", () => {
  using dir = new TempDataDir();
  dir.open()[Symbol.dispose]();
  dir.tamper("CREATE TABLE of_the_operator (n INTEGER); CREATE INDEX mine ON rules (target_host)");
  using store = dir.open();
  assert.equal(store.schemaVersion(), SCHEMA_VERSION);
});

Deno.test("openStore() says what the system says when there can be no directory", () => {
  using dir = new TempDataDir();
  Deno.writeTextFileSync(`${dir.path}/file`, "");
  assert.throws(
    () => openStore({ ...logged(), dataDir: `${dir.path}/file`, clock: dir.clock }),
    (error) => error instanceof PortunusError && error.code === "store_io",
  );
});

Deno.test("a closed store is free at once, while another thread starts programs", async () => {
  const spawns = `for (;;) await new Deno.Command("/bin/true").output();`;
  const url = URL.createObjectURL(new Blob([spawns]));
  const spawner = new Worker(url, { type: "module" });
  try {
    for (let i = 0; i < 100; i++) {
      using dir = new TempDataDir();
      dir.open()[Symbol.dispose]();
      dir.open()[Symbol.dispose]();
      await turn();
    }
  } finally {
    spawner.terminate();
    URL.revokeObjectURL(url);
  }
});
