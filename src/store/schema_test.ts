/** The schema that 3.1.0 knows and what is ours, written down by hand, against what our migrations make. */

import assert from "node:assert/strict";
import { openTempStore } from "../../tests/kit/data_dir.ts";
import type { Database } from "./database.ts";

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
table invitations strict
  invitation_id TEXT pk 1
  token_hash TEXT
  user_id TEXT
  display_name TEXT null
  email TEXT null
  role TEXT
  grants TEXT default '[]'
  created_by TEXT
  created_at TEXT
  expires_at TEXT
  accepted_at TEXT null
  index invitations_user_idx (user_id)
  unique (token_hash)
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
table publish_state strict
  id INTEGER pk 1
  status TEXT default 'FRESH'
  domain TEXT null
  email TEXT null
  public_ip TEXT null
table published_hosts strict
  fqdn TEXT pk 1
  kind TEXT
  ref_id TEXT null
  index published_hosts_ref_idx (ref_id)
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
table sites strict
  site_id TEXT pk 1
  name TEXT
  fqdn TEXT
  type TEXT
  owner_user_id TEXT null
  spa_mode INTEGER default 0
  protected INTEGER default 0
  allowed_users TEXT default '[]'
  dns_verified INTEGER default 0
  total_size INTEGER default 0
  created_at TEXT
  updated_at TEXT
  foreign key owner_user_id -> users.user_id set null
  foreign key fqdn -> published_hosts.fqdn no action
  index sites_owner_idx (owner_user_id)
  unique (fqdn)
  unique (name)
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
table tunnels strict
  tunnel_id TEXT pk 1
  fqdn TEXT
  subdomain TEXT null
  kind TEXT
  client_id TEXT
  listen_port INTEGER
  target_host TEXT
  target_port INTEGER
  proxy_protocol TEXT null
  description TEXT null
  access TEXT null
  allowed_users TEXT default '[]'
  enabled INTEGER default 1
  rule_id INTEGER null
  state TEXT default 'provisioning'
  state_reason TEXT null
  owner_user_id TEXT
  created_at TEXT
  updated_at TEXT
  foreign key owner_user_id -> users.user_id cascade
  foreign key rule_id -> rules.id set null
  foreign key fqdn -> published_hosts.fqdn no action
  index tunnels_owner_idx (owner_user_id)
  index tunnels_rule_idx (rule_id)
  unique (fqdn)
table users strict
  user_id TEXT pk 1
  role TEXT
  display_name TEXT
  disabled INTEGER default 0
  created_at TEXT
  password_hash TEXT null
  password_change_required INTEGER default 0
  email TEXT null
  totp_secret TEXT null
  totp_last_step INTEGER null
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

Deno.test("a new store has the schema of 3.1.0, traffic_baselines, and what publishing needs", () => {
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
  assert.deepEqual(rows("publish_state"), [
    { id: 1n, status: "FRESH", domain: null, email: null, public_ip: null },
  ]);
});
