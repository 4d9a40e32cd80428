/**
 * The operator API as types, made of its OpenAPI document by `deno task ui-types`.
 *
 * @module
 */

export type Error = { readonly error: { readonly code: string; readonly message: string } };
export type CreatedUser = {
  readonly user_id: string;
  readonly display_name: string;
  readonly role: "superadmin" | "user";
};
export type AuditEntry = {
  readonly timestamp: string;
  readonly actor: string;
  readonly role?: "superadmin" | "user";
  readonly method: string;
  readonly path: string;
  readonly outcome: "allow" | "deny";
  readonly reason?: string;
  readonly action?: string;
  readonly resource_kind?: string;
  readonly resource_value?: string;
  readonly details?: Readonly<Record<string, unknown>>;
};
export type Client = {
  readonly client_id: string;
  readonly client_name: string;
  readonly provisioned_at: string;
  readonly revoked_at: (string) | (null);
  readonly connected: boolean;
  readonly client_address: string | null;
  readonly remote_addr: string | null;
  readonly connected_at: (string) | (null);
};
export type Enrollment = {
  readonly client_name: string;
  readonly expires_at: string;
  readonly command: string;
  readonly uri: string;
};
export type ClientOwner = {
  readonly owner_id: string;
  readonly has_rate_limit: boolean;
  readonly rule_count: number;
};
export type OwnerRateLimit = {
  readonly client_name: string;
  readonly owner_id: string;
  readonly rate_limit: RateLimit;
  readonly updated_at_unix_ms: number;
};
export type RateLimit = {
  readonly bandwidth_in_bps?: number;
  readonly bandwidth_out_bps?: number;
  readonly new_connections_per_sec?: number;
  readonly concurrent_connections?: number;
  readonly bandwidth_in_burst?: number;
  readonly bandwidth_out_burst?: number;
  readonly new_connections_burst?: number;
};
export type RuleStats = {
  readonly rule_id: number;
  readonly client_name: string;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly active_connections: number;
  readonly dns_failures: number;
  readonly datagrams_in: number;
  readonly datagrams_out: number;
  readonly active_flows: number;
  readonly flows_dropped_overflow: number;
  readonly target_failovers_total: number;
  readonly per_target?: readonly (TargetStats)[];
  readonly updated_at: string;
  readonly protocol: "tcp" | "udp";
  readonly per_port?: readonly ({
    readonly listen_port: number;
    readonly bytes_in: number;
    readonly bytes_out: number;
    readonly active_connections: number;
    readonly datagrams_in: number;
    readonly datagrams_out: number;
    readonly updated_at: string;
  })[];
};
export type TargetStats = {
  readonly index: number;
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly health: number;
  readonly consecutive_failures: number;
  readonly last_failure_at_unix_ms: number;
  readonly last_success_at_unix_ms: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly connections_accepted: number;
};
export type Rule = {
  readonly id: number;
  readonly client_id: string;
  readonly client_name: string;
  readonly listen_port: number;
  readonly listen_port_end?: number;
  readonly target_host: string;
  readonly target_port: number;
  readonly target_port_end?: number;
  readonly prefer_ipv6: boolean;
  readonly protocol: "tcp" | "udp";
  readonly state:
    | ({ readonly kind: "pending" | "active" | "removed" })
    | ({ readonly kind: "failed"; readonly reason: string });
  readonly created_at: string;
  readonly last_state_change_at: string;
  readonly owner_user_id: (string) | (null);
  readonly targets: readonly ({
    readonly host: string;
    readonly port: number;
    readonly priority: number;
    readonly proxy_protocol: ("v1" | "v2") | (null);
    readonly health:
      | ({
        readonly healthy: boolean;
        readonly consecutive_failures: number;
        readonly last_failure_at_unix_ms: number;
        readonly last_success_at_unix_ms: number;
      })
      | (null);
  })[];
  readonly health_check_interval_secs?: number;
  readonly sni_pattern?: string;
  readonly rate_limit?: RateLimit;
};
export type PushedRule = {
  readonly rule_id: number;
  readonly status: string;
  readonly target_host: string;
  readonly prefer_ipv6: boolean;
  readonly protocol: "tcp" | "udp";
  readonly owner: string;
  readonly sni_pattern?: string;
  readonly rate_limit?: RateLimit;
};
export type Invitation = {
  readonly invitation_id: string;
  readonly user_id: string;
  readonly display_name: string | null;
  readonly email: string | null;
  readonly role: "superadmin" | "user";
  readonly grants: readonly ({
    readonly client: string;
    readonly listen_port_start: number;
    readonly listen_port_end: number;
    readonly protocols: readonly ("tcp" | "udp")[];
    readonly note: string | null;
  })[];
  readonly created_by: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly accepted_at: (string) | (null);
  readonly status: "pending" | "accepted" | "expired";
};
export type NewInvitation = {
  readonly invitation_id: string;
  readonly user_id: string;
  readonly display_name: string | null;
  readonly email: string | null;
  readonly role: "superadmin" | "user";
  readonly grants: readonly ({
    readonly client: string;
    readonly listen_port_start: number;
    readonly listen_port_end: number;
    readonly protocols: readonly ("tcp" | "udp")[];
    readonly note: string | null;
  })[];
  readonly created_by: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly accepted_at: (string) | (null);
  readonly status: "pending" | "accepted" | "expired";
  readonly token: string;
  readonly url: string | null;
};
export type IdentityBackend = {
  readonly backend: "embedded" | "postgres" | "mysql" | "libsql";
  readonly reachable: boolean;
  readonly latency_ms: number | null;
  readonly connections: ({ readonly in_use: number; readonly max: number }) | (null);
  readonly failures: { readonly unavailable: number; readonly timeout: number };
  readonly replica:
    | ({
      readonly synced_at: string;
      readonly age_secs: number;
      readonly interval_secs: number;
      readonly failing: boolean;
    })
    | (null);
};
export type AdvertisedEndpoint = {
  readonly override: string | null;
  readonly effective: string | null;
  readonly source: ("override" | "seed" | "derived" | "loopback") | (null);
  readonly diagnostic: string | null;
};
export type User = {
  readonly user_id: string;
  readonly display_name: string;
  readonly role: "superadmin" | "user";
  readonly disabled: boolean;
  readonly created_at: string;
  readonly grant_count: number;
  readonly credential_count: number;
  readonly email?: string;
  readonly totp_enabled?: true;
};
export type RemovedUser = {
  readonly user_id: string;
  readonly removed_credential_ids: readonly (string)[];
  readonly revoked_grant_ids: readonly (string)[];
  readonly removed_rule_ids: readonly (number)[];
};
export type PasswordReset = {
  readonly user_id: string;
  readonly sessions_revoked: number;
  readonly api_tokens_revoked: number;
  readonly temporary_password?: string;
};
export type Credential = {
  readonly credential_id: string;
  readonly user_id: string;
  readonly label: string | null;
  readonly created_at: string;
  readonly last_used_at: (string) | (null);
  readonly status: "active" | "revoked";
  readonly revoked_at: (string) | (null);
};
export type IssuedCredential = {
  readonly credential_id: string;
  readonly user_id: string;
  readonly token: string;
  readonly label: string | null;
  readonly created_at: string;
};
export type Session = {
  readonly session_id: string;
  readonly created_at: string;
  readonly last_seen_at: string;
  readonly expires_at: string;
  readonly remote_addr: string;
  readonly user_agent: string | null;
  readonly current: boolean;
};
export type Grant = {
  readonly grant_id: string;
  readonly user_id: string;
  readonly client: string;
  readonly listen_port_start: number;
  readonly listen_port_end: number;
  readonly protocols: readonly ("tcp" | "udp")[];
  readonly note: string | null;
  readonly created_at: string;
};
export type Quota = {
  readonly user_id: string;
  readonly client_id: string;
  readonly client_name: string;
  readonly monthly_bytes: number;
  readonly billing_anchor: number;
  readonly current_period_started_at: number;
  readonly current_period_ends_at: number;
  readonly current_period_bytes_used: number;
  readonly budget_remaining_bytes: number;
  readonly exhausted_at: (number) | (null);
  readonly exhausted: boolean;
  readonly created_at: number;
  readonly updated_at: number;
};
export type Traffic = {
  readonly bucket: "1m" | "1h";
  readonly samples:
    readonly ({ readonly ts: number; readonly bytes_in: number; readonly bytes_out: number })[];
  readonly total_bytes_in: number;
  readonly total_bytes_out: number;
};
export type Tunnel = {
  readonly id: string;
  readonly subdomain: string | null;
  readonly fqdn: string;
  readonly kind: "passthrough" | "terminate";
  readonly client_id: string;
  readonly client_name: string | null;
  readonly rule_id: (number) | (null);
  readonly listen_port: number;
  readonly target: string;
  readonly proxy_protocol: ("v1" | "v2") | (null);
  readonly description: string | null;
  readonly access: ("public" | "authenticated" | "restricted") | (null);
  readonly allowed_users: readonly (string)[];
  readonly enabled: boolean;
  readonly state: {
    readonly kind: "provisioning" | "active" | "failed" | "disabled" | "detached";
    readonly reason?: string;
  };
  readonly owner: string;
  readonly cert: (Certificate) | (null);
  readonly points_to: string | null;
  readonly created_at: string;
};
export type Certificate = {
  readonly status: "none" | "pending" | "valid" | "expired" | "failed";
  readonly source: ("acme" | "operator") | (null);
  readonly not_after: (string) | (null);
  readonly last_error: string | null;
  readonly next_attempt: (string) | (null);
};
export type Site = {
  readonly id: string;
  readonly name: string;
  readonly fqdn: string;
  readonly type: "managed" | "custom";
  readonly owner: (string) | (null);
  readonly spa_mode: boolean;
  readonly protected: boolean;
  readonly allowed_users: readonly (string)[];
  readonly dns_verified: boolean;
  readonly cert: Certificate;
  readonly total_size: number;
  readonly created_at: string;
};
export type SiteDnsCheck = { readonly ok: boolean; readonly message: string };
export type SiteFile = {
  readonly name: string;
  readonly path: string;
  readonly type: "file" | "directory";
  readonly size: (number) | (null);
  readonly modified_at: string;
};
export type SiteUpload = { readonly files: number; readonly bytes: number };
export type PublishStatus = {
  readonly status: "FRESH" | "DOMAIN_SET" | "DNS_READY" | "PROVISIONING" | "COMPLETED";
  readonly domain: string | null;
  readonly email: string | null;
  readonly public_ip: string | null;
  readonly provision: { readonly running: boolean; readonly tasks: readonly (ProvisionTask)[] };
};
export type ProvisionTask = {
  readonly task: "listeners" | "acme-account" | "issue-certs" | "ingress" | "verify" | "finalize";
  readonly title: string;
  readonly status: "pending" | "running" | "done" | "error";
  readonly message: string | null;
};
export type DnsFinding = {
  readonly ok: boolean;
  readonly domain: string;
  readonly resolved_ips: readonly (string)[];
  readonly expected_ip: string | null;
  readonly message: string;
  readonly wildcard_ok: boolean;
  readonly wildcard_resolved_ips: readonly (string)[];
  readonly wildcard_message: string;
};
export type HostCertificate = {
  readonly status: "none" | "pending" | "valid" | "expired" | "failed";
  readonly source: ("acme" | "operator") | (null);
  readonly not_after: (string) | (null);
  readonly last_error: string | null;
  readonly next_attempt: (string) | (null);
  readonly host: string;
};
/** Every operation: what it takes and what it answers with. */
export interface Operations {
  "GET /healthz": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: { readonly status: "ok" };
  };
  "GET /readyz": { path: undefined; query: undefined; body: undefined; answer: string };
  "GET /v1/auth/status": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: { readonly onboarding_required: boolean };
  };
  "GET /v1/version": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: { readonly version: string };
  };
  "GET /v1/openapi.json": { path: undefined; query: undefined; body: undefined; answer: string };
  "POST /v1/auth/onboarding": {
    path: undefined;
    query: undefined;
    body: {
      readonly user_id: string;
      readonly display_name: string;
      readonly password: string;
      readonly password_confirm: string;
      readonly setup_token?: string | null;
    };
    answer: CreatedUser;
  };
  "POST /v1/auth/login": {
    path: undefined;
    query: undefined;
    body: {
      readonly user_id: string;
      readonly password: string;
      readonly totp_code?: string | null;
    };
    answer: { readonly password_change_required: boolean };
  };
  "POST /v1/auth/logout": { path: undefined; query: undefined; body: undefined; answer: undefined };
  "POST /v1/invitations/lookup": {
    path: undefined;
    query: undefined;
    body: { readonly token: string };
    answer: {
      readonly user_id: string;
      readonly display_name: string | null;
      readonly email: string | null;
      readonly expires_at: string;
    };
  };
  "POST /v1/invitations/accept": {
    path: undefined;
    query: undefined;
    body: { readonly token: string; readonly password: string; readonly password_confirm: string };
    answer: CreatedUser;
  };
  "GET /v1/audit": {
    path: undefined;
    query: { limit?: string; outcome?: string; since?: string; until?: string; cursor?: string };
    body: undefined;
    answer:
      | (readonly (AuditEntry)[])
      | ({
        readonly entries: readonly (AuditEntry)[];
        readonly next_cursor?: string;
        readonly count: number;
      });
  };
  "GET /v1/clients": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: readonly (Client)[];
  };
  "PUT /v1/clients/{client_id}": {
    path: { client_id: string | number };
    query: undefined;
    body: { readonly address: string };
    answer: Client;
  };
  "DELETE /v1/clients/{client_id}": {
    path: { client_id: string | number };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  "PATCH /v1/clients/{client_id}/name": {
    path: { client_id: string | number };
    query: undefined;
    body: { readonly client_name: string };
    answer: Client;
  };
  "POST /v1/clients/{client_id}/revoke": {
    path: { client_id: string | number };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  "POST /v1/clients/{client_id}/enrollment": {
    path: { client_id: string | number };
    query: undefined;
    body: { readonly ttl_secs?: (number) | (null) };
    answer: Enrollment;
  };
  "POST /v1/client-enrollments": {
    path: undefined;
    query: undefined;
    body: {
      readonly name: string;
      readonly address: string;
      readonly ttl_secs?: (number) | (null);
    };
    answer: Enrollment;
  };
  "GET /v1/clients/{client_id}/owners": {
    path: { client_id: string | number };
    query: undefined;
    body: undefined;
    answer: readonly (ClientOwner)[];
  };
  "GET /v1/clients/{client_id}/owners/{owner_id}/rate-limit": {
    path: { client_id: string | number; owner_id: string | number };
    query: undefined;
    body: undefined;
    answer: OwnerRateLimit;
  };
  "PUT /v1/clients/{client_id}/owners/{owner_id}/rate-limit": {
    path: { client_id: string | number; owner_id: string | number };
    query: undefined;
    body: {
      readonly bandwidth_in_bps?: (number) | (null);
      readonly bandwidth_out_bps?: (number) | (null);
      readonly new_connections_per_sec?: (number) | (null);
      readonly concurrent_connections?: (number) | (null);
      readonly bandwidth_in_burst?: (number) | (null);
      readonly bandwidth_out_burst?: (number) | (null);
      readonly new_connections_burst?: (number) | (null);
      readonly concurrent_connections_burst?: (number) | (null);
    };
    answer: OwnerRateLimit;
  };
  "DELETE /v1/clients/{client_id}/owners/{owner_id}/rate-limit": {
    path: { client_id: string | number; owner_id: string | number };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  "GET /v1/rules/stats": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: readonly (RuleStats)[];
  };
  "GET /v1/rules": {
    path: undefined;
    query: { client?: string; owner?: string };
    body: undefined;
    answer: readonly (Rule)[];
  };
  "POST /v1/rules": {
    path: undefined;
    query: undefined;
    body: {
      readonly client: string;
      readonly listen_port: number;
      readonly listen_port_end?: (number) | (null);
      readonly target_host?: string | null;
      readonly target_port?: (number) | (null);
      readonly target_port_end?: (number) | (null);
      readonly protocol?: string | null;
      readonly prefer_ipv6?: boolean | null;
      readonly ack_timeout_secs?: (number) | (null);
      readonly targets?:
        | (readonly ({
          readonly host: string;
          readonly port: number;
          readonly priority?: (number) | (null);
          readonly proxy_protocol?: string | null;
        })[])
        | (null);
      readonly health_check_interval_secs?: (number) | (null);
      readonly sni_pattern?: string | null;
      readonly rate_limit?:
        | ({
          readonly bandwidth_in_bps?: (number) | (null);
          readonly bandwidth_out_bps?: (number) | (null);
          readonly new_connections_per_sec?: (number) | (null);
          readonly concurrent_connections?: (number) | (null);
          readonly bandwidth_in_burst?: (number) | (null);
          readonly bandwidth_out_burst?: (number) | (null);
          readonly new_connections_burst?: (number) | (null);
          readonly concurrent_connections_burst?: (number) | (null);
        })
        | (null);
    };
    answer: PushedRule;
  };
  "GET /v1/rules/{rule_id}": {
    path: { rule_id: string | number };
    query: undefined;
    body: undefined;
    answer: Rule;
  };
  "PUT /v1/rules/{rule_id}": {
    path: { rule_id: string | number };
    query: undefined;
    body: {
      readonly client: string;
      readonly listen_port: number;
      readonly listen_port_end?: (number) | (null);
      readonly target_host?: string | null;
      readonly target_port?: (number) | (null);
      readonly target_port_end?: (number) | (null);
      readonly protocol?: string | null;
      readonly prefer_ipv6?: boolean | null;
      readonly ack_timeout_secs?: (number) | (null);
      readonly targets?:
        | (readonly ({
          readonly host: string;
          readonly port: number;
          readonly priority?: (number) | (null);
          readonly proxy_protocol?: string | null;
        })[])
        | (null);
      readonly health_check_interval_secs?: (number) | (null);
      readonly sni_pattern?: string | null;
      readonly rate_limit?:
        | ({
          readonly bandwidth_in_bps?: (number) | (null);
          readonly bandwidth_out_bps?: (number) | (null);
          readonly new_connections_per_sec?: (number) | (null);
          readonly concurrent_connections?: (number) | (null);
          readonly bandwidth_in_burst?: (number) | (null);
          readonly bandwidth_out_burst?: (number) | (null);
          readonly new_connections_burst?: (number) | (null);
          readonly concurrent_connections_burst?: (number) | (null);
        })
        | (null);
    };
    answer: PushedRule;
  };
  "DELETE /v1/rules/{rule_id}": {
    path: { rule_id: string | number };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  "GET /v1/rules/{rule_id}/stats": {
    path: { rule_id: string | number };
    query: { per_port?: string; per_target?: string };
    body: undefined;
    answer: RuleStats;
  };
  "GET /v1/rules/{rule_id}/stats/stream": {
    path: { rule_id: string | number };
    query: { per_target?: string };
    body: undefined;
    answer: string;
  };
  "GET /v1/metrics": { path: undefined; query: undefined; body: undefined; answer: string };
  "POST /v1/publish/authorize": {
    path: undefined;
    query: undefined;
    body: { readonly rd: string; readonly state: string };
    answer: { readonly host: string; readonly location: string };
  };
  "GET /v1/publish/users-export": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: {
      readonly path: string | null;
      readonly written_at: (string) | (null);
      readonly last_error: string | null;
    };
  };
  "GET /v1/invitations": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: readonly (Invitation)[];
  };
  "POST /v1/invitations": {
    path: undefined;
    query: undefined;
    body: {
      readonly user_id: string;
      readonly display_name?: string | null;
      readonly email?: string | null;
      readonly role?: string;
      readonly grants?: readonly ({
        readonly client: string;
        readonly listen_port_start: number;
        readonly listen_port_end: number;
        readonly protocols: readonly (string)[];
        readonly note?: string | null;
      })[];
      readonly expires_in_days?: number;
    };
    answer: NewInvitation;
  };
  "DELETE /v1/invitations/{invitation_id}": {
    path: { invitation_id: string | number };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  "GET /v1/settings/identity-backend": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: IdentityBackend;
  };
  "GET /v1/settings/advertised-endpoint": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: AdvertisedEndpoint;
  };
  "PUT /v1/settings/advertised-endpoint": {
    path: undefined;
    query: undefined;
    body: { readonly advertised_endpoint?: string | null };
    answer: AdvertisedEndpoint;
  };
  "GET /v1/users/me/totp": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: { readonly enabled: boolean; readonly available: boolean };
  };
  "POST /v1/users/me/totp/setup": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: { readonly secret: string; readonly uri: string };
  };
  "POST /v1/users/me/totp/confirm": {
    path: undefined;
    query: undefined;
    body: { readonly totp_code: string };
    answer: undefined;
  };
  "POST /v1/users/me/totp/disable": {
    path: undefined;
    query: undefined;
    body: { readonly password?: string | null; readonly totp_code?: string | null };
    answer: undefined;
  };
  "DELETE /v1/users/{user_id}/totp": {
    path: { user_id: string | number };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  "GET /v1/users/me": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: {
      readonly user_id: string;
      readonly role: "superadmin" | "user";
      readonly display_name: string;
    };
  };
  "POST /v1/users/me/password": {
    path: undefined;
    query: undefined;
    body: {
      readonly current_password: string;
      readonly new_password: string;
      readonly new_password_confirm: string;
    };
    answer: undefined;
  };
  "GET /v1/users": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: readonly (User)[];
  };
  "POST /v1/users": {
    path: undefined;
    query: undefined;
    body: {
      readonly user_id: string;
      readonly display_name: string;
      readonly role?: string;
      readonly initial_password?: string | null;
      readonly password_change_required?: boolean | null;
    };
    answer: CreatedUser;
  };
  "GET /v1/users/{user_id}": {
    path: { user_id: string | number };
    query: undefined;
    body: undefined;
    answer: User;
  };
  "PATCH /v1/users/{user_id}": {
    path: { user_id: string | number };
    query: undefined;
    body: {
      readonly display_name?: string | null;
      readonly role?: string | null;
      readonly disabled?: boolean | null;
    };
    answer: User;
  };
  "DELETE /v1/users/{user_id}": {
    path: { user_id: string | number };
    query: undefined;
    body: undefined;
    answer: RemovedUser;
  };
  "POST /v1/users/{user_id}/password": {
    path: { user_id: string | number };
    query: undefined;
    body: {
      readonly new_password?: string | null;
      readonly temporary_password?: boolean | null;
      readonly keep_api_tokens?: boolean | null;
    };
    answer: PasswordReset;
  };
  "GET /v1/users/me/credentials": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: readonly (Credential)[];
  };
  "GET /v1/users/{user_id}/credentials": {
    path: { user_id: string | number };
    query: undefined;
    body: undefined;
    answer: readonly (Credential)[];
  };
  "POST /v1/users/{user_id}/credentials": {
    path: { user_id: string | number };
    query: undefined;
    body: { readonly label?: string | null };
    answer: IssuedCredential;
  };
  "DELETE /v1/users/{user_id}/credentials/{credential_id}": {
    path: { user_id: string | number; credential_id: string | number };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  "POST /v1/users/{user_id}/credentials/{credential_id}/rotate": {
    path: { user_id: string | number; credential_id: string | number };
    query: undefined;
    body: { readonly label?: string | null } | undefined;
    answer: IssuedCredential;
  };
  "GET /v1/users/{user_id}/sessions": {
    path: { user_id: string | number };
    query: undefined;
    body: undefined;
    answer: readonly (Session)[];
  };
  "DELETE /v1/users/{user_id}/sessions/{session_id}": {
    path: { user_id: string | number; session_id: string | number };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  "GET /v1/users/{user_id}/grants": {
    path: { user_id: string | number };
    query: undefined;
    body: undefined;
    answer: readonly (Grant)[];
  };
  "GET /v1/grants": {
    path: undefined;
    query: { user_id?: string };
    body: undefined;
    answer: readonly (Grant)[];
  };
  "POST /v1/grants": {
    path: undefined;
    query: undefined;
    body: {
      readonly user_id: string;
      readonly client: string;
      readonly listen_port_start: number;
      readonly listen_port_end: number;
      readonly protocols: readonly (string)[];
      readonly note?: string | null;
    };
    answer: Grant;
  };
  "DELETE /v1/grants/{grant_id}": {
    path: { grant_id: string | number };
    query: undefined;
    body: undefined;
    answer: { readonly grant_id: string; readonly removed_rule_ids: readonly (number)[] };
  };
  "GET /v1/users/{user_id}/quotas": {
    path: { user_id: string | number };
    query: undefined;
    body: undefined;
    answer: readonly (Quota)[];
  };
  "PUT /v1/users/{user_id}/quotas/{client_id}": {
    path: { user_id: string | number; client_id: string | number };
    query: undefined;
    body: { readonly monthly_bytes: number; readonly billing_anchor?: (number) | (null) };
    answer: Quota;
  };
  "PATCH /v1/users/{user_id}/quotas/{client_id}": {
    path: { user_id: string | number; client_id: string | number };
    query: undefined;
    body: {
      readonly monthly_bytes?: (number) | (null);
      readonly clear_period_usage?: boolean | null;
    };
    answer: Quota;
  };
  "DELETE /v1/users/{user_id}/quotas/{client_id}": {
    path: { user_id: string | number; client_id: string | number };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  "GET /v1/users/{user_id}/quotas/{client_id}/status": {
    path: { user_id: string | number; client_id: string | number };
    query: undefined;
    body: undefined;
    answer: Quota;
  };
  "GET /v1/clients/{client_id}/quotas": {
    path: { client_id: string | number };
    query: undefined;
    body: undefined;
    answer: readonly (Quota)[];
  };
  "GET /v1/users/{user_id}/traffic": {
    path: { user_id: string | number };
    query: { from: number; to: number; bucket?: string; client_id?: string };
    body: undefined;
    answer: Traffic;
  };
  "GET /v1/clients/{client_id}/traffic": {
    path: { client_id: string | number };
    query: { from: number; to: number; bucket?: string; user_id?: string };
    body: undefined;
    answer: Traffic;
  };
  "GET /v1/traffic/global": {
    path: undefined;
    query: { from: number; to: number; bucket?: string };
    body: undefined;
    answer: Traffic;
  };
  "GET /v1/tunnels": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: readonly (Tunnel)[];
  };
  "POST /v1/tunnels": {
    path: undefined;
    query: undefined;
    body: {
      readonly subdomain?: string | null;
      readonly fqdn?: string | null;
      readonly kind?: "passthrough" | "terminate";
      readonly client_id: string;
      readonly target: string;
      readonly listen_port?: (number) | (null);
      readonly proxy_protocol?: ("v1" | "v2") | (null);
      readonly description?: string | null;
      readonly access?: ("public" | "authenticated" | "restricted") | (null);
      readonly allowed_users?: (readonly (string)[]) | (null);
    };
    answer: Tunnel;
  };
  "GET /v1/tunnels/{tunnel_id}": {
    path: { tunnel_id: string | number };
    query: undefined;
    body: undefined;
    answer: Tunnel;
  };
  "PATCH /v1/tunnels/{tunnel_id}": {
    path: { tunnel_id: string | number };
    query: undefined;
    body: {
      readonly enabled?: boolean | null;
      readonly description?: string | null;
      readonly access?: ("public" | "authenticated" | "restricted") | (null);
      readonly allowed_users?: (readonly (string)[]) | (null);
    };
    answer: Tunnel;
  };
  "DELETE /v1/tunnels/{tunnel_id}": {
    path: { tunnel_id: string | number };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  "GET /v1/sites": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: readonly (Site)[];
  };
  "POST /v1/sites": {
    path: undefined;
    query: undefined;
    body: {
      readonly name: string;
      readonly custom_domain?: string | null;
      readonly owner?: (string) | (null);
      readonly spa_mode?: boolean | null;
      readonly protected?: boolean | null;
      readonly allowed_users?: (readonly (string)[]) | (null);
    };
    answer: Site;
  };
  "GET /v1/sites/{site_id}": {
    path: { site_id: string | number };
    query: undefined;
    body: undefined;
    answer: Site;
  };
  "PATCH /v1/sites/{site_id}": {
    path: { site_id: string | number };
    query: undefined;
    body: {
      readonly spa_mode?: boolean | null;
      readonly protected?: boolean | null;
      readonly allowed_users?: (readonly (string)[]) | (null);
      readonly owner?: (string) | (null);
    };
    answer: Site;
  };
  "DELETE /v1/sites/{site_id}": {
    path: { site_id: string | number };
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  "POST /v1/sites/{site_id}/verify-dns": {
    path: { site_id: string | number };
    query: undefined;
    body: undefined;
    answer: SiteDnsCheck;
  };
  "GET /v1/sites/{site_id}/files": {
    path: { site_id: string | number };
    query: { path?: string };
    body: undefined;
    answer: readonly (SiteFile)[];
  };
  "PUT /v1/sites/{site_id}/files": {
    path: { site_id: string | number };
    query: { path: string };
    body: string;
    answer: SiteUpload;
  };
  "POST /v1/sites/{site_id}/files": {
    path: { site_id: string | number };
    query: { path?: string };
    body: string;
    answer: SiteUpload;
  };
  "DELETE /v1/sites/{site_id}/files": {
    path: { site_id: string | number };
    query: { path: string };
    body: undefined;
    answer: undefined;
  };
  "GET /v1/publish/status": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: PublishStatus;
  };
  "POST /v1/publish/domain": {
    path: undefined;
    query: undefined;
    body: { readonly domain: string; readonly email: string };
    answer: PublishStatus;
  };
  "POST /v1/publish/verify-dns": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: DnsFinding;
  };
  "POST /v1/publish/provision": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: PublishStatus;
  };
  "GET /v1/publish/provision/stream": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: string;
  };
  "POST /v1/publish/reset": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: PublishStatus;
  };
  "GET /v1/publish/certificates": {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: readonly (HostCertificate)[];
  };
}
