import assert from "node:assert/strict";
import { openTempStore } from "../../tests/kit/data_dir.ts";
import { StoreError } from "./database.ts";

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
  publish_state: { id: "1", status: "'FRESH'" },
  published_hosts: { fqdn: "'new.test'", kind: "'site'", ref_id: "'S'" },
  tunnels: {
    tunnel_id: "'T'",
    fqdn: "'app.test'",
    kind: "'terminate'",
    client_id: "'c'",
    listen_port: "443",
    target_host: "'h'",
    target_port: "80",
    access: "'restricted'",
    owner_user_id: "'owner'",
    created_at: "'t'",
    updated_at: "'t'",
  },
  sites: {
    site_id: "'S'",
    name: "'blog'",
    fqdn: "'app.test'",
    type: "'managed'",
    created_at: "'t'",
    updated_at: "'t'",
  },
  invitations: {
    invitation_id: "'I'",
    token_hash: "'h'",
    user_id: "'new'",
    role: "'user'",
    created_by: "'owner'",
    created_at: "'t'",
    expires_at: "'t'",
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
  ["users", "totp_last_step", ["NULL"], ["1"]],
  ["publish_state", "id", [], ["2"]],
  ["publish_state", "status", ["'COMPLETED'"], ["'DONE'", "NULL"]],
  ["published_hosts", "fqdn", ["'b.test'"], ["'app.test'", "'B.test'", "NULL"]],
  ["published_hosts", "kind", ["'tunnel'"], ["'reserved'", "'host'", "NULL"]],
  ["published_hosts", "ref_id", ["'R'"], ["NULL"]],
  ["tunnels", "fqdn", [], ["'b.test'"]],
  ["tunnels", "access", ["'public'", "'authenticated'"], ["NULL", "'all'"]],
  ["tunnels", "listen_port", ["1", "65535"], ["0", "65536"]],
  ["tunnels", "target_port", ["1", "65535"], ["0", "65536"]],
  ["tunnels", "owner_user_id", [], ["'nobody'"]],
  ["sites", "fqdn", [], ["'b.test'"]],
  ["sites", "type", ["'custom'"], ["'odd'"]],
  ["invitations", "role", ["'superadmin'"], ["'admin'", "NULL"]],
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
    db.run("DELETE FROM publish_state");
    db.run("INSERT INTO published_hosts VALUES ('app.test', 'tunnel', 'T')");
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
