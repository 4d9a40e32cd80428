import { ERROR_TABLE, type ExitFamily } from "../../src/core/errors.ts";

const words = (text: string) => text.trim().split(/\s+/);

/** Spec `cli.md` §2.2; everything not listed exits 1. */
export const HTTP_EXIT_CODES: Readonly<
  Record<Exclude<ExitFamily, "local">, Readonly<Record<number, readonly string[]>>>
> = {
  rule: {
    2: ["client_already_exists"],
    3: words(`
      invalid_name invalid_protocol invalid_target exceeds_cap range_invalid range_inverted
      mismatched_range invalid_target_host invalid_target_host_too_long
      invalid_target_host_label_too_long invalid_target_host_label_hyphen unsupported_protocol
      proxy_protocol_unsupported_by_client validation.proxy_protocol_invalid
      validation.proxy_protocol_on_unsupported_rule`),
    4: ["client_not_connected"],
    5: ["port_in_use"],
    6: ["activation_failed"],
    7: ["ack_timeout"],
    8: ["rule_not_found"],
  },
  user: {
    2: words("user_already_exists cannot_remove_self last_superadmin"),
    3: words(`
      invalid_user_id invalid_display_name reserved_user_id initial_password_required
      password_too_short password_too_long invalid_port_range empty_protocol_set invalid_client`),
    4: words("unauthenticated credential_invalid user_disabled"),
    5: words("client_not_granted port_outside_grant protocol_not_granted not_owner role_required"),
    6: ["bootstrap_required"],
    8: words("user_not_found credential_not_found grant_not_found"),
  },
  owner_cap: {
    3: [
      "rate_limit_unsupported_by_client",
      ...Object.keys(ERROR_TABLE).filter((code) => code.startsWith("validation.")),
    ],
    8: ["owner_rate_limit_not_found"],
  },
  // Commands that 3.1.0 does not have.
  client: {
    2: ["client_not_revoked"],
    3: words(`
      invalid_billing_anchor invalid_client_address invalid_quota_size quota_target_not_found
      quota_unsupported_by_client`),
    4: words("unauthenticated credential_invalid user_disabled"),
    5: words("client_not_granted port_outside_grant protocol_not_granted not_owner role_required"),
    6: ["bootstrap_required"],
    8: words("client_not_found quota_not_found"),
  },
  publish: {
    2: words(`
      publish_onboarding_completed domain_not_set host_in_use invitation_pending path_in_use
      port_in_use publish_already_running publish_in_use publish_wrong_stage
      user_already_exists`),
    3: words(`
      exceeds_cap invalid_client invalid_display_name invalid_port_range invalid_protocol
      invalid_target invalid_target_host invalid_target_host_label_hyphen
      invalid_target_host_label_too_long invalid_target_host_too_long invalid_user_id
      empty_protocol_set initial_password_required password_too_long password_too_short
      mismatched_range range_invalid range_inverted reserved_user_id
      access_needs_private_upstream dns_mismatch domain_invalid email_invalid file_too_large
      file_type_not_allowed host_invalid host_limit_reached host_reserved invitation_invalid
      listen_port_unavailable path_invalid site_invalid site_too_large tunnel_invalid
      upload_invalid`),
    4: words(`
      credential_invalid unauthenticated user_disabled`),
    5: words(`
      client_not_granted not_owner port_outside_grant protocol_not_granted role_required`),
    6: words(`
      bootstrap_required publish_disabled publish_not_ready`),
    7: words(`
      ack_timeout activation_failed certificate_failed client_not_connected`),
    8: words(`
      client_not_found credential_not_found grant_not_found invitation_expired
      invitation_not_found invitation_used site_file_not_found site_not_found tunnel_not_found
      user_not_found`),
  },
};
