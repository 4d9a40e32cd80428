/**
 * The rows of the specification (`cli.md` §2–§8, `credentials.md`) that the golden suite has to
 * have a case for.
 *
 * @module
 */

import type { ExitFamily } from "../../src/core/errors.ts";

/** Commands of each family of exit codes. */
export const FAMILIES: Readonly<Record<Exclude<ExitFamily, "local">, RegExp>> = {
  rule: /^(push-rule|remove-rule|list-rules|rule-stats|list-clients)\b/,
  user: /^(user|grant|credential)-/,
  owner_cap: /^owner-cap\b/,
  client: /^(quota|client)-/,
  publish: /^(tunnel|site|invite|publish)-/,
};

/** A command that ended in a certain way: what is on stderr, or on stdout of a success. */
export interface Row {
  readonly command: RegExp;
  readonly exit: number;
  readonly shows: RegExp;
}

const row = (command: string, exit: number, shows: RegExp): Row => ({
  command: command === "" ? /^$/ : new RegExp(`^${command}\\b`),
  exit,
  shows,
});

/** §2.3, and the rows of §3 to §8 that no table of codes has. */
export const ROWS: readonly Row[] = [
  row("", 2, /^Usage: portunus-server/),
  row("audit", 2, /^Usage: portunus-server audit/),
  row("owner-cap", 2, /^Usage: portunus-server owner-cap/),
  row("--version", 0, /^portunus-server \d/),
  row("serve", 2, /^error: invalid PORTUNUS_OPERATOR_HTTP_LISTEN 'localhost:7080': /),

  row("backend", 2, /^Usage: portunus-server backend/),
  row("backend status", 0, /^backend=embedded$/m),
  row("backend status", 1, /^error: startup.backend_connect backend=postgres /),
  row("backend migrate-local", 1, /^error: server.toml has no \[backend\] to copy to$/m),

  row("config", 2, /^Usage: portunus-server config/),
  row("config check", 0, /^ok$/m),
  row("config check", 1, /^error: config_invalid:\n/),

  row("list-rules", 4, /^error: unauthenticated \(.*PORTUNUS_OPERATOR_TOKEN/),
  row("owner-cap", 4, /^error: unauthenticated \(.*PORTUNUS_OPERATOR_TOKEN/),
  row("user-list", 4, /^error: unauthenticated \(.*PORTUNUS_OPERATOR_TOKEN/),
  row("list-rules", 1, /^error: http: /),
  row("user-list", 1, /^error: http: /),
  row("owner-cap", 1, /^error: http: /),
  row("list-rules", 1, /^error: parse response: /),
  row("owner-cap", 1, /^error: parse response: /),
  row("list-rules", 1, /^error: server returned 422 Unprocessable Entity$/m),

  row("bootstrap-superadmin", 0, /^superadmin user_id=_superadmin token=\{token\}$/m),
  row("bootstrap-superadmin", 1, /^data dir: /),
  row("bootstrap-superadmin", 1, /^error: open store: /),
  row("bootstrap-superadmin", 1, /^error: persist superadmin: /),
  row("bootstrap-superadmin", 2, /^error: already_bootstrapped \(/),
  row("bootstrap-superadmin", 3, /^error: invalid_display_name \(/),

  row("onboarding-token", 0, /^setup_token=\{token\}$/m),
  row("onboarding-token", 1, /^error: data_dir: /),
  row("onboarding-token", 1, /^error: open_store: /),
  row("onboarding-token", 2, /^error: already_bootstrapped \(/),

  row("reset-password", 0, /^password_reset=ok user_id=\S+ sessions_revoked=\d+$/m),
  row("reset-password", 0, /^temporary_password=\{token\}$/m),
  row("reset-password", 1, /^error: data_dir: /),
  row("reset-password", 1, /^error: open_store: /),
  row("reset-password", 1, /^error: read_password_tty: /m),
  row("reset-password", 3, /^error: invalid_user_id$/m),
  row("reset-password", 3, /^error: password_mismatch$/m),
  row("reset-password", 3, /^error: password_too_short$/m),
  row("reset-password", 3, /^error: password_too_long$/m),
  row("reset-password", 8, /^error: user_not_found: nobody$/m),

  row(
    "enroll-client",
    0,
    /^client_name=.*\nexpires_at=\{time\}\nportunus-client enroll 'portunus:/,
  ),
  row("enroll-client", 1, /^data dir: /),
  row("enroll-client", 1, /^store: /),
  row("enroll-client", 1, /^tls: /),
  row("enroll-client", 3, /^error: invalid_name: /),
  row("enroll-client", 3, /^error: invalid_enrollment_ttl: 0 seconds out of range \(1..=86400\)$/m),
  row("enroll-client", 3, /^error: invalid_client_address: /),
  row("enroll-client", 3, /^error: advertised_endpoint: /),

  row("revoke", 0, /^$/),
  row("revoke", 1, /^store: /),
  row("revoke", 3, /^error: invalid_name: /),
  row("rename-client", 0, /^client_id=\S+\nclient_name=edge 02$/m),
  row("rename-client", 3, /^error: invalid_name: /),
  row("rename-client", 8, /^error: client_not_found: invalid client id$/m),
  row("rename-client", 8, /^error: client_not_found: [0-9A-Z]{26}$/m),

  row("audit prune", 0, /^audit_prune deleted=\d+$/m),
  row("audit prune", 0, /^audit_prune dry_run=true would_delete=\d+$/m),
  row("audit prune", 1, /^error: open store: /),
  row("audit prune", 3, /^error: --before must be RFC3339: /),

  row("backup", 0, /^backup=\{dir\}\/copy\.db$/m),
  row("backup", 0, /^backup=\{dir\}\/portunus-state-\{stamp\}\.db$/m),
  row("backup", 1, /^error: io: /),
  row("backup", 5, /^error: source not found: \{dir\}\/state\.db$/m),
  row("backup", 6, /^error: destination exists: /),
  row("restore", 0, /^restore=ok data_dir=\{dir\}$/m),
  row("restore", 5, /^error: source not found: /),
  row("restore", 6, /^error: destination not empty: /),
  row("restore", 7, /^error: not a sqlite file: /),
  row("restore", 70, /^error: migration_failed: /),
  row("restore", 75, /^error: store_in_use: /),
  row("restore", 78, /^error: schema_too_new: backup at version 9999 > supported \d+$/m),
  row("reset", 0, /^would remove: \{dir\}\/state\.db\ndry-run: pass --confirm to proceed$/m),
  row("reset", 0, /^$/),
  row("reset", 7, /^error: not a sqlite file: /),
  row("reset", 75, /^error: store_in_use: /),

  row("push-rule", 0, /^\d+$/m),
  row("push-rule", 2, /^error: validation.sni_on_unsupported_rule: /),
  row("push-rule", 3, /^error: range_invalid: range_inverted: start=9 > end=1$/m),
  row("push-rule", 3, /^error: invalid_target: /),
  row("push-rule", 3, /^error: health_check_interval_out_of_range: 0 \(/),
  row("push-rule", 3, /^error: rule_shape_conflict \(/),
  row("push-rule", 3, /^error: rule_shape_missing \(/),
  row("push-rule", 3, /^error: invalid_targets_json: /),
  row("push-rule", 3, /^error: invalid_target_spec --target "h": /),
  row("push-rule", 3, /^error: invalid_target_host: /),
  row("push-rule", 3, /^error: invalid_target_host_too_long: /),
  row("push-rule", 3, /^error: invalid_target_host_label_too_long: /),
  row("push-rule", 3, /^error: invalid_target_host_label_hyphen: /),

  row("owner-cap list", 8, /^error: client_not_found \(/),
  row("owner-cap list", 3, /^error: ambiguous_client_name \(/),
  row("owner-cap set", 3, /^error: validation.rate_limit_no_caps_provided \(/),
  row("owner-cap list", 1, /^error: client_not_found \(/),

  ...["bootstrap-superadmin", "onboarding-token", "reset-password", "enroll-client", "revoke"]
    .flatMap((name) => [row(name, 75, /store_in_use/), row(name, 78, /schema_version_too_new/)]),
];

/** The same for `portunus-client`. */
export const CLIENT_ROWS: readonly Row[] = [
  row("", 1, /^error: no client bundle found; attempted paths:\n {2}- /),
  row("--bundle", 1, /^error: enrollment URI: /),
  row("enroll", 1, /^error: enrollment URI: /),
  row("enroll", 1, /^error: transport: /),
  row("standalone", 0, /^ok$/m),
  row("standalone", 1, /standalone\.rules_iter_failed/),
  ...[
    /io error/,
    /toml parse error/,
    /unknown field/,
    /at least one \[\[rule\]\]/,
    /duplicate rule name: "a"/,
    /exactly one of `listen_port`/,
    /exactly one of `target`/,
    /range size mismatch: listen has 3 ports, target has 2/,
    /port range string invalid in rule "a"/,
    /target parse error in rule "a"/,
    /at least one entry/,
    /multi-target/,
    /\[stats\] refresh_ms must be in 250\.\.=5000/,
  ].map((shows) => row("standalone", 2, shows)),
  row("standalone stats", 2, /^error: stats --once: /),
  row("stats", 2, /^error: stats TUI: /),
];

/** Commands whose success is tested elsewhere: with whole processes, or (completion) a shell. */
export const TESTED_ELSEWHERE: ReadonlySet<string> = new Set([
  "portunus-server serve",
  "portunus-server audit follow",
  "portunus-client enroll",
  "portunus-client stats",
  "portunus-client standalone stats",
  // In tests/databases.
  "portunus-server backend migrate-local",
  "portunus-server completion",
  "portunus-client completion",
]);
