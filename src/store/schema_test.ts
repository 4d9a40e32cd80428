/** The schema that 3.1.0 knows and what is ours, written down by hand, against what our migrations make. */

import assert from "node:assert/strict";
import { openTempStore } from "../../tests/kit/data_dir.ts";
import { type Database, StoreError } from "./database.ts";

const RATE_LIMIT_COLUMNS = `
  rl_bandwidth_in_bps INTEGER null
  rl_bandwidth_out_bps INTEGER null
  rl_new_connections_per_sec INTEGER null
  rl_concurrent_connections INTEGER null
  rl_bandwidth_in_burst INTEGER null
  rl_bandwidth_out_burst INTEGER null
  rl_new_connections_burst INTEGER null`;

/**
 * A table's name and kind, then its columns in order (`null`: may be NULL; `pk n`: n-th of the
 * primary key), its foreign keys, and its indexes by name.
 */
const EXPECTED = `
table audit strict autoincrement
  seq INTEGER pk 1
  ts TEXT
  user_id TEXT null
  outcome TEXT
  action TEXT
  resource_kind TEXT null
  resource_value TEXT null
  correlation_id TEXT
  details_json TEXT default '{}'
  index audit_outcome_ts_idx (outcome, ts desc)
  index audit_ts_idx (ts desc)
  index audit_user_ts_idx (user_id, ts desc)
table client_enrollments strict autoincrement
  id INTEGER pk 1
  client_name TEXT
  client_address TEXT null
  code_hash TEXT
  issued_at TEXT
  expires_at TEXT
  consumed_at TEXT null
  advertised_endpoint TEXT null
  client_id TEXT null
  index idx_client_enrollments_expires_at (expires_at)
  unique (code_hash)
table client_tokens strict
  client_id TEXT pk 1
  client_name TEXT
  token_hash TEXT
  issued_at TEXT
  revoked_at TEXT null
  client_address TEXT null
  unique (token_hash)
table credentials strict
  credential_id TEXT pk 1
  user_id TEXT
  hash TEXT
  label TEXT null
  status TEXT
  issued_at TEXT
  revoked_at TEXT null
  last_used_at TEXT null
  foreign key user_id -> users.user_id cascade
  index credentials_status_idx (status)
  index credentials_user_id_idx (user_id)
  unique (hash)
table grants strict
  grant_id TEXT pk 1
  user_id TEXT
  client TEXT
  listen_port_start INTEGER
  listen_port_end INTEGER
  protocols INTEGER
  note TEXT null
  created_at TEXT
  foreign key user_id -> users.user_id cascade
  index grants_user_id_idx (user_id)
table login_attempts strict
  subject TEXT pk 1
  remote_addr TEXT pk 2
  action TEXT pk 3
  failures INTEGER default 0
  first_failed_at TEXT null
  last_failed_at TEXT null
  locked_until TEXT null
table onboarding_setup strict
  id INTEGER pk 1
  token_hash TEXT
  issued_at TEXT
  expires_at TEXT
table rate_limit_owner
  client_id TEXT pk 1
  owner_id TEXT pk 2${RATE_LIMIT_COLUMNS}
  updated_at_unix_ms INTEGER
table rule_targets strict
  rule_id INTEGER pk 1
  idx INTEGER pk 2
  host TEXT
  port INTEGER
  priority INTEGER
  proxy_protocol TEXT null
  foreign key rule_id -> rules.id cascade
table rules strict autoincrement
  id INTEGER pk 1
  listen_port INTEGER
  listen_port_end INTEGER null
  target_host TEXT
  target_port INTEGER
  target_port_end INTEGER null
  protocol TEXT default 'tcp'
  owner_user_id TEXT
  health_check_interval_secs INTEGER null
  created_at TEXT
  updated_at TEXT
  sni_pattern TEXT null
  client_name TEXT null
  prefer_ipv6 INTEGER null
  state_kind TEXT default 'pending'
  state_reason TEXT null${RATE_LIMIT_COLUMNS}
  client_id TEXT null
  foreign key owner_user_id -> users.user_id cascade
  index rules_client_idx (client_id, listen_port)
  index rules_listen_idx (listen_port, listen_port_end)
  index rules_owner_idx (owner_user_id)
  index rules_sni_lookup (listen_port, sni_pattern) WHERE sni_pattern IS NOT NULL
table schema_migrations
  version INT4 null pk 1
  name VARCHAR(255) null
  applied_on VARCHAR(255) null
  checksum VARCHAR(255) null
table server_settings strict
  id INTEGER pk 1
  advertised_endpoint TEXT null
table traffic_baselines strict
  rule_id INTEGER pk 1
  bytes_in INTEGER
  bytes_out INTEGER
  foreign key rule_id -> rules.id cascade
table traffic_quotas
  user_id TEXT pk 1
  client_id TEXT pk 2
  client_name TEXT
  monthly_bytes INTEGER
  billing_anchor INTEGER
  current_period_started_at INTEGER
  current_period_bytes_used INTEGER default 0
  exhausted_at INTEGER null
  created_at INTEGER
  updated_at INTEGER
  index idx_traffic_quotas_client (client_id)
table traffic_rollup_state
  id INTEGER pk 1
  last_rolled_up_hour INTEGER default 0
table traffic_samples_1h
  user_id TEXT pk 1
  client_id TEXT pk 2
  client_name TEXT
  ts_hour INTEGER pk 3
  bytes_in INTEGER
  bytes_out INTEGER
  index idx_traffic_samples_1h_ts (ts_hour)
table traffic_samples_1m
  user_id TEXT pk 1
  client_id TEXT pk 2
  client_name TEXT
  ts_minute INTEGER pk 3
  bytes_in INTEGER
  bytes_out INTEGER
  index idx_traffic_samples_1m_ts (ts_minute)
table users strict
  user_id TEXT pk 1
  role TEXT
  display_name TEXT
  disabled INTEGER default 0
  created_at TEXT
  password_hash TEXT null
  password_change_required INTEGER default 0
table web_sessions strict
  session_hash TEXT pk 1
  user_id TEXT
  created_at TEXT
  last_seen_at TEXT
  absolute_expires_at TEXT
  revoked_at TEXT null
  remote_addr TEXT null
  user_agent TEXT null
  foreign key user_id -> users.user_id cascade
  index web_sessions_expiry_idx (absolute_expires_at, revoked_at)
  index web_sessions_user_idx (user_id)
`.trim().split("\n");

function describe(db: Database): string[] {
  const tables = db.all("PRAGMA table_list").filter(({ name, schema }) =>
    schema === "main" && !String(name).startsWith("sqlite_")
  );
  const byName = tables.toSorted((a, b) => String(a.name) < String(b.name) ? -1 : 1);
  return byName.flatMap(({ name, strict }) => {
    const sql = String(db.get("SELECT sql FROM sqlite_schema WHERE name = ?", name ?? null)?.sql);
    const kind = `${strict === 1n ? " strict" : ""}${
      sql.includes("AUTOINCREMENT") ? " autoincrement" : ""
    }`;
    return [
      `table ${name}${kind}`,
      ...columns(db, String(name)),
      ...foreignKeys(db, String(name)),
      ...indexes(db, String(name)),
    ];
  });
}

function columns(db: Database, table: string): string[] {
  return db.all(`PRAGMA table_xinfo(${table})`).map((it) => {
    assert.equal(it.hidden, 0n);
    const nullable = it.notnull === 0n ? " null" : "";
    const fallback = it.dflt_value === null ? "" : ` default ${it.dflt_value}`;
    const key = it.pk === 0n ? "" : ` pk ${it.pk}`;
    return `  ${it.name} ${it.type}${nullable}${fallback}${key}`;
  });
}

function foreignKeys(db: Database, table: string): string[] {
  return db.all(`PRAGMA foreign_key_list(${table})`).map((it) =>
    `  foreign key ${it.from} -> ${it.table}.${it.to} ${String(it.on_delete).toLowerCase()}`
  );
}

function indexes(db: Database, table: string): string[] {
  const lines = db.all(`PRAGMA index_list(${table})`).flatMap(({ name, origin }) => {
    if (origin === "pk") return [];
    const keys = db.all(`PRAGMA index_xinfo(${name})`).filter(({ key }) => key === 1n);
    const list = keys.map((it) => `${it.name}${it.desc === 1n ? " desc" : ""}`).join(", ");
    const { sql } = db.get("SELECT sql FROM sqlite_schema WHERE name = ?", name ?? null) ?? {};
    const where = /WHERE.*$/.exec(String(sql))?.[0];
    const head = origin === "u" ? "unique" : `index ${name}`;
    return [`  ${head} (${list})${where === undefined ? "" : ` ${where}`}`];
  });
  return lines.sort();
}

Deno.test("a new store has the schema of 3.1.0, and traffic_baselines", () => {
  using it = openTempStore();
  assert.deepEqual(describe(it.store.db), EXPECTED);
});

Deno.test("a new store has its single rows", () => {
  using it = openTempStore();
  const { db } = it.store;
  const rows = (table: string) => db.all(`SELECT * FROM ${table}`).map((row) => ({ ...row }));
  assert.deepEqual(rows("server_settings"), [{ id: 1n, advertised_endpoint: null }]);
  assert.deepEqual(rows("traffic_rollup_state"), [{ id: 1n, last_rolled_up_hour: 0n }]);
  assert.deepEqual(rows("onboarding_setup"), []);
});

/** A valid row of each table that has checks; the tests below change one value of one at a time. */
const VALID = {
  users: { user_id: "'alice'", role: "'user'", display_name: "'A'", created_at: "'t'" },
  credentials: {
    credential_id: "'c'",
    user_id: "'owner'",
    hash: "'h'",
    status: "'active'",
    issued_at: "'t'",
  },
  grants: {
    grant_id: "'g'",
    user_id: "'owner'",
    client: "'*'",
    listen_port_start: "10",
    listen_port_end: "20",
    protocols: "3",
    created_at: "'t'",
  },
  rules: {
    id: "7",
    listen_port: "10",
    target_host: "'h'",
    target_port: "20",
    owner_user_id: "'owner'",
    created_at: "'t'",
    updated_at: "'t'",
  },
  rule_targets: { rule_id: "1", idx: "0", host: "'h'", port: "1", priority: "0" },
  audit: { ts: "'t'", outcome: "'deny'", action: "'a'", correlation_id: "''" },
  login_attempts: { subject: "'s'", remote_addr: "'r'", action: "'login'" },
  onboarding_setup: { id: "1", token_hash: "'h'", issued_at: "'t'", expires_at: "'t'" },
  rate_limit_owner: { client_id: "'c'", owner_id: "'o'", updated_at_unix_ms: "0" },
  traffic_quotas: {
    user_id: "'u'",
    client_id: "'c'",
    client_name: "'n'",
    monthly_bytes: "9223372036854775807",
    billing_anchor: "0",
    current_period_started_at: "0",
    created_at: "0",
    updated_at: "0",
  },
  traffic_samples_1m: {
    user_id: "'u'",
    client_id: "'c'",
    client_name: "'n'",
    ts_minute: "0",
    bytes_in: "0",
    bytes_out: "0",
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

/** Values that a column takes, and values that it refuses. */
const CHECKS: readonly (readonly [
  table: keyof typeof VALID,
  column: string,
  good: readonly string[],
  bad: readonly string[],
])[] = [
  ["users", "user_id", ["'_superadmin'", "'_legacy'", "'a'", `'${"a".repeat(32)}'`, "'a-b_9'"], [
    "''",
    "'_other'",
    "'A'",
    "'9a'",
    "'a b'",
    "'aÄ'",
    `'${"a".repeat(33)}'`,
    "NULL",
  ]],
  ["users", "role", ["'superadmin'"], ["'admin'", "NULL"]],
  ["users", "disabled", ["0", "1"], ["2", "NULL"]],
  ["users", "password_change_required", ["1"], ["-1"]],
  ["credentials", "status", ["'revoked'"], ["'gone'"]],
  ["credentials", "user_id", [], ["'nobody'"]],
  ["grants", "listen_port_start", ["1", "20"], ["0", "21", "65536"]],
  ["grants", "listen_port_end", ["10", "65535"], ["9", "65536"]],
  ["grants", "protocols", ["1", "2"], ["0", "4"]],
  ["rules", "listen_port", ["1", "65535"], ["0", "65536"]],
  ["rules", "listen_port_end", ["NULL", "10", "65535"], ["9", "65536"]],
  ["rules", "target_port_end", ["NULL", "20", "65535"], ["19", "65536"]],
  ["rules", "protocol", ["'udp'"], ["'sctp'", "NULL"]],
  ["rules", "health_check_interval_secs", ["NULL", "1", "3600"], ["0", "3601"]],
  ["rules", "prefer_ipv6", ["NULL", "0", "1"], ["2"]],
  ["rules", "state_kind", ["'active'", "'failed'", "'removed'"], ["'odd'", "NULL"]],
  ["rules", "rl_bandwidth_in_bps", ["NULL", "1", "9223372036854775807"], ["0", "-1"]],
  ["rules", "rl_new_connections_burst", ["NULL", "1"], ["0"]],
  ["rules", "owner_user_id", [], ["'nobody'"]],
  ["rule_targets", "rule_id", [], ["2"]],
  ["rule_targets", "idx", ["7"], ["-1", "8"]],
  ["rule_targets", "port", ["65535"], ["0", "65536"]],
  ["rule_targets", "priority", ["99"], ["-1", "100"]],
  ["rule_targets", "proxy_protocol", ["NULL", "'v1'", "'v2'"], ["'v3'"]],
  ["audit", "outcome", ["'allow'"], ["'maybe'"]],
  ["login_attempts", "action", ["'onboarding'", "'password_reset'"], ["'logout'"]],
  ["login_attempts", "failures", ["5"], ["-1"]],
  ["onboarding_setup", "id", [], ["2"]],
  ["rate_limit_owner", "rl_concurrent_connections", ["NULL", "1"], ["0"]],
  ["traffic_quotas", "monthly_bytes", ["0"], ["-1", "NULL"]],
  ["traffic_quotas", "current_period_bytes_used", ["9223372036854775807"], ["-1"]],
  ["traffic_samples_1m", "bytes_in", ["9223372036854775807"], ["-1"]],
];

for (const [table, column, good, bad] of CHECKS) {
  Deno.test(`${table}.${column} takes what it should and nothing else`, () => {
    using it = openTempStore();
    const { db } = it.store;
    db.run(
      "INSERT INTO users (user_id, role, display_name, created_at) VALUES ('owner','user','','')",
    );
    db.run(
      `INSERT INTO rules (id, listen_port, target_host, target_port, owner_user_id, created_at, updated_at)
       VALUES (1, 1, 'h', 1, 'owner', '', '')`,
    );
    const insert = (value?: string) => {
      const row = { ...VALID[table], ...(value === undefined ? {} : { [column]: value }) };
      const sql = `INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.values(row)})`;
      db.write(() => {
        db.run(sql);
        throw new Rollback();
      });
    };
    for (const value of [undefined, ...good]) {
      assert.throws(() => insert(value), Rollback, `${value} is good`);
    }
    for (const value of bad) {
      assert.throws(
        () => insert(value),
        (error) => error instanceof StoreError && error.kind === "conflict",
        `${value} is bad`,
      );
    }
  });
}

/** Thrown to take back a row that was accepted. */
class Rollback extends Error {}
