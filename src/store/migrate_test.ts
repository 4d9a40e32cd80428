import assert from "node:assert/strict";
import { dump, TempDataDir } from "../../tests/kit/data_dir.ts";
import { PortunusError } from "../core/errors.ts";
import { type Migration, MIGRATIONS, SCHEMA_VERSION } from "./migrations.ts";
import type { Store } from "./open.ts";

/** The schema as version `version` left it. */
const upTo = (version: number) => MIGRATIONS.slice(0, version);

/** A next step of the schema, as a later release would bring it. */
const step = (version: number, sql: string): Migration => ({
  version,
  name: `step_${version}`,
  checksum: String(version),
  sql,
});

/** The version after ours. */
const NEXT = SCHEMA_VERSION + 1;

/** A store at `version` with one client in it, as an older release would have left it. */
function oldStore(dir: TempDataDir, version: number, sql = ""): void {
  using store = dir.open(upTo(version));
  store.db.exec(
    `INSERT INTO client_tokens (${
      version >= 11 ? "client_id, " : ""
    }client_name, token_hash, issued_at)
     VALUES (${version >= 11 ? "'id', " : ""}'edge', 'hash', '2025-01-01T00:00:00+00:00');
     ${sql}`,
  );
}

/** What opening the store of `dir` fails with. */
function openFailure(dir: TempDataDir, migrations: readonly Migration[]): PortunusError {
  try {
    dir.open(migrations)[Symbol.dispose]();
  } catch (error) {
    assert.ok(error instanceof PortunusError, String(error));
    return error;
  }
  return assert.fail("The store opened");
}

const rows = (store: Store, sql: string) => store.db.all(sql).map((row) => ({ ...row }));

for (let version = 0; version < SCHEMA_VERSION; version++) {
  Deno.test(`migrate() brings version ${version} to the same schema as a new store`, () => {
    using fresh = new TempDataDir();
    using old = new TempDataDir();
    fresh.open()[Symbol.dispose]();
    old.open(upTo(version))[Symbol.dispose]();
    old.open()[Symbol.dispose]();
    assert.equal(dump(old.database), dump(fresh.database));
  });
}

const failures: readonly [what: string, sql: string, detail: RegExp][] = [
  [
    "is no SQL",
    "CREATE TABLE half (n INTEGER); SELEC",
    /^version \d+ \(step_\d+\): near "SELEC": syntax error/,
  ],
  [
    "breaks a constraint",
    "DELETE FROM client_tokens; INSERT INTO server_settings (id) VALUES (1)",
    /^version \d+ \(step_\d+\): UNIQUE constraint failed: server_settings\.id/,
  ],
  [
    "leaves children without a parent",
    `INSERT INTO grants VALUES ('g', 'nobody', '*', 1, 2, 3, NULL, 't')`,
    /^version \d+ leaves rows of grants without a parent$/,
  ],
];

for (const [what, sql, detail] of failures) {
  Deno.test(`migrate() leaves the store as it was when a step ${what}`, () => {
    using dir = new TempDataDir();
    oldStore(dir, SCHEMA_VERSION);
    const before = dump(dir.database);
    const error = openFailure(dir, [...MIGRATIONS, step(NEXT, sql)]);
    assert.equal(error.code, "migration_failed");
    assert.match(error.detail ?? "", detail);
    assert.equal(dump(dir.database), before);
    // No backup of what did not change, and the lock is free.
    assert.deepEqual(dir.files(), ["state.db", "state.db.lock"]);
    using _store = dir.open();
  });
}

Deno.test("migrate() keeps the steps before one that fails, and the backup", () => {
  using dir = new TempDataDir();
  oldStore(dir, SCHEMA_VERSION);
  const before = dump(dir.database);
  const good = step(NEXT, "CREATE TABLE extra (n INTEGER)");
  const error = openFailure(dir, [...MIGRATIONS, good, step(NEXT + 1, "SELEC")]);
  assert.equal(error.code, "migration_failed");
  const backup = `state.db.portunus.v${SCHEMA_VERSION}.1767225600.bak`;
  assert.deepEqual(dir.files(), ["state.db", "state.db.lock", backup]);
  assert.equal(dump(`${dir.path}/${backup}`), before);
  using store = dir.open([...MIGRATIONS, good]);
  assert.equal(store.schemaVersion(), NEXT);
});

Deno.test("migrate() copies an older store beside it, for its owner only", () => {
  using dir = new TempDataDir();
  oldStore(dir, 10);
  const before = dump(dir.database);
  dir.clock.advance(1_999);
  dir.open()[Symbol.dispose]();
  const backup = `${dir.database}.portunus.v10.1767225601.bak`;
  assert.deepEqual(dir.files(), [
    "state.db",
    "state.db.lock",
    "state.db.portunus.v10.1767225601.bak",
  ]);
  assert.equal(((Deno.statSync(backup).mode ?? 0) & 0o777).toString(8), "600");
  assert.equal(dump(backup), before);

  // It is a store like any other.
  using restored = new TempDataDir();
  Deno.copyFileSync(backup, restored.database);
  using store = restored.open(upTo(10));
  assert.equal(store.schemaVersion(), 10);
  assert.deepEqual(rows(store, "SELECT client_name FROM client_tokens"), [{ client_name: "edge" }]);
});

Deno.test("migrate() copies the store that 3.1.0 left, which keeps every row", () => {
  using dir = new TempDataDir();
  oldStore(dir, 13);
  const before = dump(dir.database);
  using store = dir.open();
  assert.equal(store.schemaVersion(), SCHEMA_VERSION);
  assert.equal(dump(`${dir.database}.portunus.v13.1767225600.bak`), before);
  assert.deepEqual(rows(store, "SELECT client_name FROM client_tokens"), [{ client_name: "edge" }]);
});

Deno.test("migrate() copies nothing for a new store", () => {
  using dir = new TempDataDir();
  dir.open()[Symbol.dispose]();
  assert.deepEqual(dir.files(), ["state.db", "state.db.lock"]);
});

Deno.test("migrate() changes nothing when the copy cannot be made", () => {
  using dir = new TempDataDir();
  oldStore(dir, 10);
  const before = dump(dir.database);
  Deno.mkdirSync(`${dir.database}.portunus.v10.1767225600.bak`);
  assert.equal(openFailure(dir, MIGRATIONS).code, "store_io");
  assert.equal(dump(dir.database), before);
});

Deno.test("migrate() switches foreign keys on again", () => {
  using dir = new TempDataDir();
  oldStore(dir, 10);
  using store = dir.open();
  assert.deepEqual(rows(store, "PRAGMA foreign_keys"), [{ foreign_keys: 1n }]);
});

const SEED_10 = `
  INSERT INTO users (user_id, role, display_name, created_at)
    VALUES ('alice', 'user', 'Alice', '2025-01-01T00:00:00+00:00');
  INSERT INTO client_tokens (client_name, token_hash, issued_at, revoked_at, client_address) VALUES
    ('beta', 'hash-beta', '2025-01-02T00:00:00+00:00', NULL, '192.0.2.2'),
    ('alpha', 'hash-alpha', '2025-01-01T00:00:00+00:00', '2025-02-01T00:00:00+00:00', NULL);
  INSERT INTO rules (id, listen_port, target_host, target_port, owner_user_id, created_at, updated_at, client_name)
    VALUES (0, 80, 'h', 80, 'alice', 't', 't', 'alpha'), (1, 81, 'h', 81, 'alice', 't', 't', 'rules only'),
      (2, 82, 'h', 82, 'alice', 't', 't', NULL);
  INSERT INTO rule_targets (rule_id, idx, host, port, priority, proxy_protocol)
    VALUES (0, 0, 'h', 80, 0, 'v1');
  INSERT INTO rate_limit_owner (client_name, owner_id, rl_bandwidth_in_bps, rl_new_connections_burst, updated_at_unix_ms)
    VALUES ('alpha', 'alice', 9223372036854775807, 5, 1767225600123), ('caps only', 'alice', NULL, NULL, 0);
  INSERT INTO traffic_quotas (user_id, client_name, monthly_bytes, billing_anchor, current_period_started_at,
      current_period_bytes_used, exhausted_at, created_at, updated_at)
    VALUES ('alice', 'alpha', 9223372036854775807, 1, 2, 3, 4, 5, 6), ('gone', 'quota only', 1, 1, 1, 1, NULL, 1, 1);
  INSERT INTO traffic_samples_1m VALUES ('alice', 'alpha', 60, 9007199254740993, 2), ('alice', 'minute only', 60, 1, 2);
  INSERT INTO traffic_samples_1h VALUES ('alice', 'alpha', 3600, 3, 4), ('alice', 'hour only', 3600, 3, 4);
  INSERT INTO client_enrollments (client_name, client_address, code_hash, issued_at, expires_at, advertised_endpoint)
    VALUES ('alpha', NULL, 'code-1', 't', 't', 'h:1'), ('code only', '192.0.2.3', 'code-2', 't', 't', NULL);
`;

/** A store of version 10 with a client, and what is left of others, in each of the seven tables. */
function openMigratedFrom10(dir: TempDataDir): Store {
  {
    using store = dir.open(upTo(10));
    store.db.exec(SEED_10);
  }
  return dir.open();
}

/** Tables that keep the display name beside the id; `rate_limit_owner` loses it in version 12. */
const NAMED_TABLES = [
  "client_tokens",
  "rules",
  "traffic_quotas",
  "traffic_samples_1m",
  "traffic_samples_1h",
  "client_enrollments",
];

Deno.test("version 11 gives each client name one id, in every table", () => {
  using dir = new TempDataDir();
  using store = openMigratedFrom10(dir);
  const idOf = new Map<unknown, unknown>();
  for (const table of NAMED_TABLES) {
    for (
      const { name, id } of rows(store, `SELECT client_name AS name, client_id AS id FROM ${table}`)
    ) {
      if (name === null) {
        assert.equal(id, null, "a rule without a client gets none");
        continue;
      }
      assert.match(String(id), /^[0-7][0-9A-F]{25}$/, `${table} ${name}`);
      assert.equal(idOf.get(name) ?? id, id, `${table} ${name}`);
      idOf.set(name, id);
    }
  }
  const caps = rows(
    store,
    "SELECT client_id FROM rate_limit_owner ORDER BY updated_at_unix_ms DESC",
  );
  assert.equal(caps[0]?.client_id, idOf.get("alpha"));
  assert.match(String(caps[1]?.client_id), /^[0-7][0-9A-F]{25}$/);
  assert.equal(new Set(idOf.values()).size, idOf.size, "no two names share an id");
  assert.deepEqual([...idOf.keys()].sort(), [
    "alpha",
    "beta",
    "code only",
    "hour only",
    "minute only",
    "quota only",
    "rules only",
  ]);
});

Deno.test("versions 11 and 12 keep every value", () => {
  using dir = new TempDataDir();
  using store = openMigratedFrom10(dir);
  const select = (sql: string) => rows(store, sql).map((row) => Object.values(row));
  assert.deepEqual(
    select(
      "SELECT client_name, token_hash, issued_at, revoked_at, client_address FROM client_tokens ORDER BY rowid",
    ),
    [
      ["beta", "hash-beta", "2025-01-02T00:00:00+00:00", null, "192.0.2.2"],
      ["alpha", "hash-alpha", "2025-01-01T00:00:00+00:00", "2025-02-01T00:00:00+00:00", null],
    ],
  );
  assert.deepEqual(select("SELECT id, client_name FROM rules ORDER BY id"), [
    [0n, "alpha"],
    [1n, "rules only"],
    [2n, null],
  ]);
  assert.deepEqual(select("SELECT rule_id, host, proxy_protocol FROM rule_targets"), [[
    0n,
    "h",
    "v1",
  ]]);
  assert.deepEqual(
    select(
      "SELECT owner_id, rl_bandwidth_in_bps, rl_bandwidth_out_bps, rl_new_connections_burst, updated_at_unix_ms FROM rate_limit_owner ORDER BY updated_at_unix_ms",
    ),
    [["alice", null, null, null, 0n], ["alice", 9223372036854775807n, null, 5n, 1767225600123n]],
  );
  assert.deepEqual(
    select(`SELECT user_id, client_name, monthly_bytes, billing_anchor, current_period_started_at,
      current_period_bytes_used, exhausted_at, created_at, updated_at FROM traffic_quotas ORDER BY user_id`),
    [
      ["alice", "alpha", 9223372036854775807n, 1n, 2n, 3n, 4n, 5n, 6n],
      ["gone", "quota only", 1n, 1n, 1n, 1n, null, 1n, 1n],
    ],
  );
  assert.deepEqual(
    select(
      "SELECT client_name, ts_minute, bytes_in, bytes_out FROM traffic_samples_1m ORDER BY client_name",
    ),
    [["alpha", 60n, 9007199254740993n, 2n], ["minute only", 60n, 1n, 2n]],
  );
  assert.deepEqual(
    select(
      "SELECT client_name, ts_hour, bytes_in, bytes_out FROM traffic_samples_1h ORDER BY client_name",
    ),
    [["alpha", 3600n, 3n, 4n], ["hour only", 3600n, 3n, 4n]],
  );
  assert.deepEqual(
    select(
      "SELECT client_name, client_address, code_hash, advertised_endpoint FROM client_enrollments ORDER BY id",
    ),
    [["alpha", null, "code-1", "h:1"], ["code only", "192.0.2.3", "code-2", null]],
  );
});

Deno.test("version 11 lets display names repeat", () => {
  using dir = new TempDataDir();
  using store = openMigratedFrom10(dir);
  store.db.run(
    `INSERT INTO client_tokens (client_id, client_name, token_hash, issued_at)
     VALUES ('another', 'alpha', 'another', 't')`,
  );
  assert.equal(rows(store, "SELECT * FROM client_tokens WHERE client_name = 'alpha'").length, 2);
});

Deno.test("version 12 drops rows that have no client id", () => {
  using dir = new TempDataDir();
  {
    using store = dir.open(upTo(11));
    store.db.exec(
      `INSERT INTO traffic_samples_1m VALUES ('u', 'kept', 0, 1, 1, 'ID'), ('u', 'lost', 0, 1, 1, NULL);
       INSERT INTO traffic_samples_1h VALUES ('u', 'kept', 0, 1, 1, 'ID'), ('u', 'lost', 0, 1, 1, NULL);
       INSERT INTO rate_limit_owner (client_name, owner_id, updated_at_unix_ms, client_id)
         VALUES ('kept', 'u', 1, 'ID'), ('lost', 'u', 1, NULL);
       INSERT INTO traffic_quotas (user_id, client_name, monthly_bytes, billing_anchor, current_period_started_at,
         created_at, updated_at, client_id)
         VALUES ('u', 'kept', 1, 1, 1, 1, 1, 'ID'), ('u', 'lost', 1, 1, 1, 1, 1, NULL);`,
    );
  }
  using store = dir.open();
  for (
    const table of [
      "traffic_samples_1m",
      "traffic_samples_1h",
      "traffic_quotas",
      "rate_limit_owner",
    ]
  ) {
    assert.deepEqual(rows(store, `SELECT client_id FROM ${table}`), [{ client_id: "ID" }], table);
  }
});

Deno.test("version 13 keeps the API tokens of users", () => {
  using dir = new TempDataDir();
  {
    using store = dir.open(upTo(12));
    store.db.exec(
      `INSERT INTO users (user_id, role, display_name, created_at) VALUES ('alice', 'user', 'A', 't');
       INSERT INTO credentials (credential_id, user_id, hash, status, issued_at)
         VALUES ('c', 'alice', 'h', 'active', 't');`,
    );
  }
  using store = dir.open();
  assert.deepEqual(rows(store, "SELECT user_id, status FROM credentials"), [
    { user_id: "alice", status: "active" },
  ]);
});
