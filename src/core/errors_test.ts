import assert from "node:assert/strict";
import {
  ERROR_TABLE,
  type ErrorCode,
  exitCode,
  type ExitFamily,
  GRPC_STATUS,
  grpcStatus,
  httpStatus,
  isErrorCode,
  PortunusError,
} from "./errors.ts";
import { HTTP_EXIT_CODES } from "../../tests/kit/exit_codes.ts";

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Spec `http-api.md` §18, with `invalid_enrollment_ttl` as 400 (§19), and `wire.md` and README rows. */
const HTTP: Readonly<Record<number, string[]>> = {
  400: words(`
    exceeds_cap health_check_interval_out_of_range invalid_billing_anchor invalid_bucket
    invalid_client_address invalid_cursor invalid_name invalid_protocol invalid_quota_size
    invalid_target_host invalid_target_host_label_hyphen invalid_target_host_label_too_long
    invalid_target_host_too_long invalid_time_range invalid_timestamp range_invalid
    rule_shape_conflict rule_shape_missing target_invalid_host target_invalid_port
    targets_duplicate targets_empty targets_too_many validation.proxy_protocol_invalid
    validation.proxy_protocol_on_unsupported_rule validation.rate_limit_burst_range
    validation.rate_limit_burst_unsupported validation.rate_limit_burst_without_rate
    validation.rate_limit_cap_zero validation.rate_limit_on_legacy_shape
    validation.rule_update_shape_mismatch validation.sni_on_unsupported_rule
    validation.sni_pattern_malformed invalid_enrollment_ttl`),
  401: words(`
    credential_invalid invalid_login setup_token_invalid setup_token_required unauthenticated
    user_disabled`),
  403: words(`
    client_not_granted csrf_content_type_required csrf_header_required csrf_origin_mismatch
    csrf_origin_required not_owner password_change_required port_outside_grant
    protocol_not_granted role_required`),
  404: words(`
    client_not_found credential_not_found grant_not_found not_found owner_rate_limit_not_found
    quota_not_found rule_not_found user_not_found`),
  409: words(`
    already_bootstrapped cannot_remove_self client_not_revoked
    conflict.legacy_to_sni_unsupported conflict.sni_fallback_duplicate
    conflict.sni_route_duplicate last_superadmin port_in_use user_already_exists
    client_already_exists hash_collision`),
  422: words(`
    activation_failed client_not_connected empty_protocol_set endpoint_invalid
    endpoint_not_in_cert_san initial_password_required invalid_client invalid_display_name
    invalid_limit invalid_outcome invalid_port_range invalid_user_id
    multi_target_unsupported_by_client password_mismatch password_too_long password_too_short
    proxy_protocol_unsupported_by_client quota_target_not_found quota_unsupported_by_client
    rate_limit_unsupported_by_client reserved_user_id sni_unsupported_by_client
    traffic_bucket_out_of_retention traffic_too_many_rows unsupported_protocol`),
  429: ["rate_limited"],
  500: words("internal internal_error store_error io_error auth_error password_hash_failed"),
  503: ["bootstrap_required"],
  504: ["ack_timeout"],
};

/** Spec `wire.md` §2.3 and §3.3. */
const GRPC: Readonly<Record<keyof typeof GRPC_STATUS, string[]>> = {
  CANCELLED: words(`
    client_dropped_before_hello client_dropped_before_welcome transport_error_before_welcome`),
  FAILED_PRECONDITION: words("endpoint_invalid endpoint_not_in_cert_san"),
  INTERNAL: words("enrollment_store_error internal"),
  UNAUTHENTICATED: words(`
    enrollment_expired enrollment_invalid enrollment_used malformed_token missing_token
    token_not_found token_revoked token_verify_error`),
};

/** Spec `cli.md` §3, and the README for the store. */
const LOCAL_EXIT: Readonly<Record<number, string[]>> = {
  1: words("io_error store_error migration_failed store_corrupt unsupported_filesystem internal"),
  2: ["already_bootstrapped"],
  3: words(`
    endpoint_invalid endpoint_not_in_cert_san invalid_client_address invalid_display_name
    invalid_enrollment_ttl invalid_name invalid_user_id password_mismatch password_too_long
    password_too_short`),
  5: ["source_not_found"],
  6: words("destination_exists destination_not_empty"),
  7: ["not_a_sqlite_file"],
  8: words("client_not_found user_not_found"),
  75: ["store_in_use"],
  78: ["schema_version_too_new"],
};

function known(code: string): ErrorCode {
  assert.ok(isErrorCode(code), `${code} is not in the catalogue`);
  return code;
}

Deno.test("httpStatus() answers as documented for every code", () => {
  for (const [status, codes] of Object.entries(HTTP)) {
    for (const code of codes) assert.equal(httpStatus(known(code)), Number(status), code);
  }
  assert.equal(httpStatus("token_revoked"), 500);
});

Deno.test("grpcStatus() answers as documented for every code", () => {
  for (const [name, codes] of Object.entries(GRPC)) {
    const status = GRPC_STATUS[name as keyof typeof GRPC_STATUS];
    for (const code of codes) assert.equal(grpcStatus(known(code)), status, code);
  }
  assert.equal(grpcStatus("port_in_use"), GRPC_STATUS.INTERNAL);
});

Deno.test("exitCode() answers as documented for every code that an HTTP command can get", () => {
  for (const [family, rows] of Object.entries(HTTP_EXIT_CODES)) {
    const expected = new Map(
      Object.entries(rows).flatMap(([exit, codes]) =>
        codes.map((code) => [known(code), Number(exit)] as const)
      ),
    );
    for (const code of Object.keys(ERROR_TABLE)) {
      const exit = expected.get(known(code)) ?? 1;
      assert.equal(exitCode(code, family as ExitFamily), exit, `${code} in ${family}`);
    }
  }
});

Deno.test("exitCode() answers as documented for the commands on the local store", () => {
  for (const [exit, codes] of Object.entries(LOCAL_EXIT)) {
    for (const code of codes) assert.equal(exitCode(known(code), "local"), Number(exit), code);
  }
});

Deno.test("exitCode() knows validation of owners' caps by its prefix", () => {
  assert.equal(exitCode("validation.brand_new", "owner_cap"), 3);
  assert.equal(exitCode("validation.brand_new", "rule"), 1);
});

Deno.test("exitCode() is 1 for codes of a newer server", () => {
  for (const code of ["brand_new", "toString", "__proto__"]) {
    assert.equal(isErrorCode(code), false);
    assert.equal(exitCode(code, "rule"), 1);
  }
});

Deno.test("PortunusError says its code, then the detail", () => {
  assert.equal(new PortunusError("ack_timeout").message, "ack_timeout");
  const cause = new Error("x");
  const error = new PortunusError("port_in_use", "port 80 already in use", { cause });
  assert.equal(error.message, "port_in_use: port 80 already in use");
  assert.equal(error.code, "port_in_use");
  assert.equal(error.detail, "port 80 already in use");
  assert.equal(error.cause, cause);
  assert.equal(error.name, "PortunusError");
});
