/**
 * The error catalogue: every failure Portunus names, and what each becomes at the edges of the
 * system (HTTP status, gRPC status, process exit code).
 *
 * Code throws {@linkcode PortunusError} anywhere; exactly one place per edge answers with it.
 * An error that is not a `PortunusError` is a defect and is answered as `internal`.
 *
 * @module
 */

/** Command families; the same code can exit differently in each (spec `cli.md` §2.2). */
export type ExitFamily = "local" | "rule" | "user" | "owner_cap" | "client" | "publish";

/** gRPC status numbers that Portunus answers with. */
export const GRPC_STATUS = {
  CANCELLED: 1,
  FAILED_PRECONDITION: 9,
  INTERNAL: 13,
  UNAUTHENTICATED: 16,
} as const;

interface ErrorRow {
  /** HTTP status of the error envelope. */
  readonly http?: number;
  /** gRPC status number. */
  readonly grpc?: number;
  /** Exit code per command family; 1 where none is given. */
  readonly exit?: Readonly<Partial<Record<ExitFamily, number>>>;
  /** How messages begin, where that is not the code. */
  readonly label?: string;
}

const { CANCELLED, FAILED_PRECONDITION, INTERNAL, UNAUTHENTICATED } = GRPC_STATUS;

/** Input that the rule commands report as "validation" (exit 3). */
const ruleInput: ErrorRow = { http: 400, exit: { rule: 3, publish: 3 } };
/** The same for the commands that work on the local store. */
const localInput: ErrorRow = { http: 400, exit: { local: 3 } };
/** `validation.*` codes: exit 3 for owner caps, 1 for rules (3.1.0 scripts see that). */
const validation: ErrorRow = { http: 400, exit: { owner_cap: 3 } };
const userInput: ErrorRow = { http: 422, exit: { user: 3, local: 3, publish: 3 } };
/** Input that the commands on clients and quotas, new in 3.2.0, report as "validation". */
const clientInput: ErrorRow = { http: 400, exit: { client: 3 } };
const unauthenticated: ErrorRow = { http: 401, exit: { user: 4, client: 4, publish: 4 } };
const forbidden: ErrorRow = { http: 403, exit: { user: 5, client: 5, publish: 5 } };
const userConflict: ErrorRow = { http: 409, exit: { user: 2, local: 2 } };
const userNotFound: ErrorRow = { http: 404, exit: { user: 8, local: 8, publish: 8 } };
/** The same classes for what is published, and for invitations. */
const publishInput: ErrorRow = { http: 422, exit: { publish: 3 } };
const publishConflict: ErrorRow = { http: 409, exit: { publish: 2 } };
const publishNotFound: ErrorRow = { http: 404, exit: { publish: 8 } };
const publishTooLarge: ErrorRow = { http: 413, exit: { publish: 3 } };

/** The one table. Rows are grouped by what went wrong, not by where it is answered. */
export const ERROR_TABLE = {
  // Shape and content of a request
  exceeds_cap: ruleInput,
  health_check_interval_out_of_range: { http: 400 },
  invalid_billing_anchor: clientInput,
  invalid_bucket: { http: 400 },
  invalid_client: userInput,
  invalid_client_address: { http: 400, exit: { local: 3, client: 3 } },
  invalid_cursor: { http: 400 },
  invalid_display_name: userInput,
  invalid_enrollment_ttl: localInput,
  invalid_limit: { http: 422 },
  invalid_name: { http: 400, exit: { rule: 3, local: 3 } },
  invalid_outcome: { http: 422 },
  invalid_port_range: userInput,
  invalid_protocol: ruleInput,
  invalid_quota_size: clientInput,
  invalid_target: ruleInput,
  invalid_target_host: ruleInput,
  invalid_target_host_label_hyphen: ruleInput,
  invalid_target_host_label_too_long: ruleInput,
  invalid_target_host_too_long: ruleInput,
  invalid_time_range: { http: 400 },
  invalid_timestamp: { http: 400 },
  invalid_user_id: userInput,
  empty_protocol_set: userInput,
  initial_password_required: userInput,
  password_invalid: { http: 422, exit: { local: 3 } },
  password_mismatch: { http: 422, exit: { local: 3 } },
  password_too_long: userInput,
  password_too_short: userInput,
  mismatched_range: ruleInput,
  range_invalid: ruleInput,
  range_inverted: ruleInput,
  reserved_user_id: userInput,
  rule_shape_conflict: { http: 400 },
  rule_shape_missing: { http: 400 },
  target_invalid_host: { http: 400 },
  target_invalid_port: { http: 400 },
  targets_duplicate: { http: 400 },
  targets_empty: { http: 400 },
  targets_too_many: { http: 400 },
  traffic_bucket_out_of_retention: { http: 422 },
  traffic_too_many_rows: { http: 422 },
  "validation.proxy_protocol_invalid": { http: 400, exit: { rule: 3, owner_cap: 3 } },
  "validation.proxy_protocol_on_unsupported_rule": { http: 400, exit: { rule: 3, owner_cap: 3 } },
  "validation.rate_limit_burst_range": validation,
  "validation.rate_limit_burst_unsupported": validation,
  "validation.rate_limit_burst_without_rate": validation,
  "validation.rate_limit_cap_zero": validation,
  "validation.rate_limit_no_caps_provided": validation,
  "validation.rate_limit_on_legacy_shape": validation,
  "validation.rule_update_shape_mismatch": validation,
  "validation.sni_on_unsupported_rule": validation,
  "validation.sni_pattern_malformed": validation,

  // Names, sites and invitations that mean nothing
  access_needs_private_upstream: publishInput,
  dns_mismatch: publishInput,
  domain_invalid: publishInput,
  email_invalid: publishInput,
  file_too_large: publishTooLarge,
  file_type_not_allowed: publishInput,
  host_invalid: publishInput,
  host_limit_reached: publishInput,
  host_reserved: publishInput,
  invitation_invalid: publishInput,
  listen_port_unavailable: publishInput,
  path_invalid: publishInput,
  redirect_invalid: { http: 422 },
  site_invalid: publishInput,
  site_too_large: publishTooLarge,
  tunnel_invalid: publishInput,
  upload_invalid: publishInput,

  // Who is asking
  bootstrap_required: { http: 503, exit: { user: 6, client: 6, publish: 6 } },
  credential_invalid: unauthenticated,
  invalid_login: { http: 401 },
  setup_token_invalid: { http: 401 },
  setup_token_required: { http: 401 },
  unauthenticated,
  user_disabled: unauthenticated,
  totp_invalid: { http: 401 },
  totp_required: { http: 401 },
  authorize_code_invalid: { http: 401 },
  client_not_granted: forbidden,
  host_not_allowed: { http: 403 },
  registration_disabled: { http: 403 },
  too_many_users: { http: 403 },
  csrf_content_type_required: { http: 403 },
  csrf_header_required: { http: 403 },
  csrf_origin_mismatch: { http: 403 },
  csrf_origin_required: { http: 403 },
  not_owner: forbidden,
  password_change_required: { http: 403 },
  session_required: { http: 403 },
  port_outside_grant: forbidden,
  protocol_not_granted: forbidden,
  role_required: forbidden,
  rate_limited: { http: 429 },

  // What is not there
  client_not_found: { http: 404, exit: { local: 8, client: 8, publish: 8 } },
  credential_not_found: userNotFound,
  grant_not_found: userNotFound,
  invitation_expired: { http: 410, exit: { publish: 8 } },
  invitation_not_found: publishNotFound,
  invitation_used: { http: 410, exit: { publish: 8 } },
  not_found: { http: 404 },
  owner_rate_limit_not_found: { http: 404, exit: { owner_cap: 8 } },
  quota_not_found: { http: 404, exit: { client: 8 } },
  rule_not_found: { http: 404, exit: { rule: 8 } },
  publish_disabled: { http: 404, exit: { publish: 6 } },
  publish_onboarding_completed: { http: 410, exit: { publish: 2 } },
  session_not_found: { http: 404 },
  site_file_not_found: publishNotFound,
  site_not_found: publishNotFound,
  tunnel_not_found: publishNotFound,
  user_not_found: userNotFound,

  // What is in the way
  already_bootstrapped: { http: 409, exit: { local: 2 } },
  cannot_remove_self: userConflict,
  cannot_restrict_self: { http: 409 },
  client_already_exists: { http: 409, exit: { rule: 2 } },
  client_not_revoked: { http: 409, exit: { client: 2 } },
  "conflict.legacy_to_sni_unsupported": { http: 409 },
  "conflict.sni_fallback_duplicate": { http: 409 },
  "conflict.sni_route_duplicate": { http: 409 },
  domain_not_set: publishConflict,
  hash_collision: { http: 409 },
  host_in_use: publishConflict,
  invitation_pending: publishConflict,
  last_superadmin: userConflict,
  path_in_use: publishConflict,
  port_in_use: { http: 409, exit: { rule: 5, publish: 2 } },
  publish_already_running: publishConflict,
  publish_in_use: publishConflict,
  publish_not_ready: { http: 503, exit: { publish: 6 } },
  publish_wrong_stage: publishConflict,
  totp_already_enabled: { http: 409 },
  totp_not_set_up: { http: 409 },
  user_already_exists: { http: 409, exit: { user: 2, local: 2, publish: 2 } },

  // What the edge cannot do, or did not do
  ack_timeout: { http: 504, exit: { rule: 7, publish: 7 } },
  activation_failed: { http: 422, exit: { rule: 6, publish: 7 } },
  certificate_failed: { http: 422, exit: { publish: 7 } },
  client_not_connected: { http: 422, exit: { rule: 4, publish: 7 } },
  endpoint_invalid: { http: 422, grpc: FAILED_PRECONDITION, exit: { local: 3 } },
  endpoint_not_in_cert_san: { http: 422, grpc: FAILED_PRECONDITION, exit: { local: 3 } },
  multi_target_unsupported_by_client: { http: 422 },
  proxy_protocol_unsupported_by_client: { http: 422, exit: { rule: 3 } },
  quota_target_not_found: { http: 422, exit: { client: 3 } },
  quota_unsupported_by_client: { http: 422, exit: { client: 3 } },
  rate_limit_unsupported_by_client: { http: 422, exit: { owner_cap: 3 } },
  sni_unsupported_by_client: { http: 422 },
  unsupported_protocol: { http: 422, exit: { rule: 3 } },

  // The edge's own authentication (gRPC only)
  enrollment_expired: { grpc: UNAUTHENTICATED },
  enrollment_invalid: { grpc: UNAUTHENTICATED },
  enrollment_store_error: { grpc: INTERNAL },
  enrollment_used: { grpc: UNAUTHENTICATED },
  malformed_token: { grpc: UNAUTHENTICATED },
  missing_token: { grpc: UNAUTHENTICATED },
  token_not_found: { grpc: UNAUTHENTICATED },
  token_revoked: { grpc: UNAUTHENTICATED },
  token_verify_error: { grpc: UNAUTHENTICATED },
  client_dropped_before_hello: { grpc: CANCELLED },
  client_dropped_before_welcome: { grpc: CANCELLED },
  transport_error_before_welcome: { grpc: CANCELLED },

  // The machine: store, files, configuration
  auth_error: { http: 500 },
  backend_connect: { label: "startup.backend_connect" },
  config_invalid: {},
  destination_exists: { label: "destination exists", exit: { local: 6 } },
  destination_not_empty: { label: "destination not empty", exit: { local: 6 } },
  identity_backend_timeout: { http: 504 },
  identity_backend_unavailable: { http: 503 },
  internal: { http: 500, grpc: INTERNAL },
  internal_error: { http: 500 },
  io_error: { http: 500 },
  migration_failed: {},
  not_a_sqlite_file: { label: "not a sqlite file", exit: { local: 7 } },
  password_hash_failed: { http: 500 },
  schema_version_too_new: { exit: { local: 78 } },
  source_not_found: { label: "source not found", exit: { local: 5 } },
  store_corrupt: {},
  store_error: { http: 500 },
  store_in_use: { exit: { local: 75 } },
  store_io: { label: "io" },
  tls_material: {},
  unsupported_filesystem: {},
} as const satisfies Record<string, ErrorRow>;

/** The closed set of error codes. Codes are contract; messages are for people. */
export type ErrorCode = keyof typeof ERROR_TABLE;

const row = (code: ErrorCode): ErrorRow => ERROR_TABLE[code];

/** Whether `text` is a code of the catalogue. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, text);
}

/** HTTP status for `code`; 500 for codes that no HTTP route answers with. */
export function httpStatus(code: ErrorCode): number {
  return row(code).http ?? 500;
}

/** gRPC status number for `code`; INTERNAL for codes that no RPC answers with. */
export function grpcStatus(code: ErrorCode): number {
  return row(code).grpc ?? GRPC_STATUS.INTERNAL;
}

/** Exit code of a command of `family` that failed with `code`; unknown codes (a newer server's) exit 1. */
export function exitCode(code: string, family: ExitFamily): number {
  if (isErrorCode(code)) return row(code).exit?.[family] ?? 1;
  return family === "owner_cap" && code.startsWith("validation.") ? 3 : 1;
}

/**
 * A failure with a code of the catalogue.
 *
 * The message is `<code>: <detail>`, or the bare code, except for the codes that have a label in
 * the table. It must never contain a secret: it is logged, sent to callers and printed.
 */
export class PortunusError extends Error {
  override readonly name = "PortunusError";

  constructor(readonly code: ErrorCode, readonly detail?: string, options?: ErrorOptions) {
    const label = row(code).label ?? code;
    super(detail === undefined ? label : `${label}: ${detail}`, options);
  }
}

/** A refusal of the caller. Unlike other messages, its text is not led by the code. */
export class AccessError extends PortunusError {
  constructor(code: ErrorCode, text = `rbac: ${code}`) {
    super(code);
    this.message = text;
  }
}

/** What a caught value says: the message of an `Error`, the text of anything else. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
