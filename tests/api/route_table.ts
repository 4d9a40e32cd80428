/**
 * The specification's route table, kept by hand: what the declarations are held against. A new
 * route gets a line here.
 *
 * @module
 */

import type { Method } from "../../src/api/route.ts";
import type { Json } from "../../src/core/json.ts";
import { hashSecret } from "../../src/system/secret_hash.ts";
import type { ApiFixture } from "../kit/api_fixture.ts";
import { CLIENT as EDGE, setStage, unpublishAll } from "./world.ts";

/** A line of the table. */
export interface RouteLine {
  readonly route: `${Method} ${string}`;
  readonly caller: "anyone" | "session" | "operator" | "owner" | "self" | "superadmin";
  readonly success: number;
  /** Whether a JSON body has to be sent, may be sent, or is not looked at. */
  readonly body: "required" | "optional" | "none";
  /** A body that depends on who asks; otherwise the declared example is sent. */
  readonly json?: (userId: string) => Json;
  /** A form that is sent instead. */
  readonly form?: () => FormData;
  /** What is told whoever comes with a token, where that is not enough. */
  readonly byBearer?: string;
  /** What a user without any grant is told, where operators in general may call. */
  readonly stranger?: string;
  /** Whether it is there only with `[publish]`. */
  readonly publishing?: true;
  /** Makes true what the call needs beside the world of the examples. */
  readonly prepare?: (api: ApiFixture) => void;
}

function line(
  route: RouteLine["route"],
  caller: RouteLine["caller"],
  success: number,
  options: Partial<RouteLine> = {},
): RouteLine {
  const body = /^(?:POST|PUT|PATCH)/.test(route) ? "required" : "none";
  return { route, caller, success, body, ...options };
}

/** A line for a route that is there only with `[publish]`. */
function published(...args: Parameters<typeof line>): RouteLine {
  return { ...line(...args), publishing: true };
}

const CLIENT = "/v1/clients/:client_id";
const CAPS = `${CLIENT}/owners/:owner_id/rate-limit` as const;
const USER = "/v1/users/:user_id";
const CREDENTIALS = `${USER}/credentials` as const;
const QUOTA = `${USER}/quotas/:client_id` as const;
const RULE = "/v1/rules/:rule_id";
const TUNNEL = "/v1/tunnels/:tunnel_id";
const SITE = "/v1/sites/:site_id";
const ENDPOINT = "/v1/settings/advertised-endpoint";

export const ROUTE_TABLE: readonly RouteLine[] = [
  line("GET /healthz", "anyone", 200),
  line("GET /readyz", "anyone", 200),
  line("GET /v1/version", "anyone", 200),
  line("GET /v1/openapi.json", "anyone", 200),

  line("GET /v1/auth/status", "anyone", 200),
  line("POST /v1/auth/onboarding", "anyone", 201, { prepare: awaitFirstSuperadmin }),
  line("POST /v1/auth/login", "anyone", 200, { prepare: giveExamplePassword }),
  line("POST /v1/auth/logout", "session", 204, { body: "none" }),

  line("POST /v1/publish/authorize", "operator", 200, {
    publishing: true,
    byBearer: "403 session_required",
    prepare: protectExampleHost,
  }),
  line("GET /v1/publish/users-export", "superadmin", 200, { publishing: true }),
  line("GET /v1/invitations", "superadmin", 200, { publishing: true }),
  line("POST /v1/invitations", "superadmin", 201, { publishing: true }),
  line("DELETE /v1/invitations/:invitation_id", "superadmin", 204, { publishing: true }),
  line("POST /v1/invitations/lookup", "anyone", 200, { publishing: true }),
  line("POST /v1/invitations/accept", "anyone", 201, { publishing: true }),

  line("GET /v1/users/me", "operator", 200),
  line("POST /v1/users/me/password", "operator", 204, { json: newPassword }),
  line("GET /v1/users/me/credentials", "operator", 200),
  line("GET /v1/users/me/totp", "operator", 200),
  line("POST /v1/users/me/totp/setup", "operator", 201, { body: "none", publishing: true }),
  line("POST /v1/users/me/totp/confirm", "operator", 204, {
    publishing: true,
    prepare: setUpTotp,
  }),
  line("POST /v1/users/me/totp/disable", "operator", 204, {
    json: (userId) => ({ password: `password of ${userId}` }),
    prepare: setUpTotp,
  }),
  line("GET /v1/users", "superadmin", 200),
  line("POST /v1/users", "superadmin", 201),
  line(`GET ${USER}`, "superadmin", 200),
  line(`PATCH ${USER}`, "superadmin", 200),
  line(`DELETE ${USER}`, "superadmin", 200),
  line(`POST ${USER}/password`, "superadmin", 200),
  line(`DELETE ${USER}/totp`, "superadmin", 204),

  line(`GET ${CREDENTIALS}`, "self", 200),
  line(`POST ${CREDENTIALS}`, "self", 201),
  line(`DELETE ${CREDENTIALS}/:credential_id`, "self", 204),
  line(`POST ${CREDENTIALS}/:credential_id/rotate`, "self", 200, { body: "optional" }),

  line(`GET ${USER}/grants`, "self", 200),
  line(`GET ${USER}/sessions`, "self", 200),
  line(`DELETE ${USER}/sessions/:session_id`, "self", 204),

  line("GET /v1/grants", "superadmin", 200),
  line("POST /v1/grants", "superadmin", 201),
  line("DELETE /v1/grants/:grant_id", "superadmin", 200),

  line("GET /v1/clients", "operator", 200),
  line(`PUT ${CLIENT}`, "superadmin", 200),
  line(`DELETE ${CLIENT}`, "superadmin", 204, { prepare: revokeClient }),
  line(`PATCH ${CLIENT}/name`, "superadmin", 200),
  line(`POST ${CLIENT}/revoke`, "superadmin", 204, { body: "none" }),
  line(`POST ${CLIENT}/enrollment`, "superadmin", 201),
  line("POST /v1/client-enrollments", "superadmin", 201),

  line("GET /v1/rules", "operator", 200),
  line("POST /v1/rules", "operator", 201, { json: newRule, stranger: "403 client_not_granted" }),
  line("GET /v1/rules/stats", "operator", 200),
  line(`GET ${RULE}`, "owner", 200),
  line(`PUT ${RULE}`, "owner", 200),
  line(`DELETE ${RULE}`, "owner", 204),
  line(`GET ${RULE}/stats`, "owner", 200),
  line(`GET ${RULE}/stats/stream`, "owner", 200),

  line(`GET ${CLIENT}/owners`, "superadmin", 200),
  line(`GET ${CAPS}`, "superadmin", 200),
  line(`PUT ${CAPS}`, "superadmin", 200),
  line(`DELETE ${CAPS}`, "superadmin", 204),

  line(`GET ${USER}/quotas`, "self", 200),
  line(`PUT ${QUOTA}`, "superadmin", 200),
  line(`PATCH ${QUOTA}`, "superadmin", 200),
  line(`DELETE ${QUOTA}`, "superadmin", 204),
  line(`GET ${QUOTA}/status`, "self", 200),
  line(`GET ${USER}/traffic`, "self", 200),
  line(`GET ${CLIENT}/quotas`, "superadmin", 200),
  line(`GET ${CLIENT}/traffic`, "superadmin", 200),
  line("GET /v1/traffic/global", "superadmin", 200),

  line(`GET ${ENDPOINT}`, "superadmin", 200),
  line(`PUT ${ENDPOINT}`, "superadmin", 200),
  line("GET /v1/settings/identity-backend", "superadmin", 200),
  published("GET /v1/sites", "operator", 200),
  published("POST /v1/sites", "superadmin", 201),
  published(`GET ${SITE}`, "owner", 200),
  published(`PATCH ${SITE}`, "owner", 200),
  published(`DELETE ${SITE}`, "superadmin", 204),
  published(`POST ${SITE}/verify-dns`, "superadmin", 200, { body: "none" }),
  published(`GET ${SITE}/files`, "owner", 200),
  published(`PUT ${SITE}/files`, "owner", 200, { body: "none" }),
  published(`POST ${SITE}/files`, "owner", 200, { body: "none", form: pageForm }),
  published(`DELETE ${SITE}/files`, "owner", 204),

  line("GET /v1/audit", "superadmin", 200),
  line("GET /v1/metrics", "superadmin", 200),

  published("GET /v1/tunnels", "operator", 200),
  published("POST /v1/tunnels", "operator", 201, { stranger: "403 client_not_granted" }),
  published(`GET ${TUNNEL}`, "owner", 200),
  published(`PATCH ${TUNNEL}`, "owner", 200),
  published(`DELETE ${TUNNEL}`, "owner", 204),

  published("GET /v1/publish/status", "operator", 200),
  published("POST /v1/publish/domain", "superadmin", 200),
  published("POST /v1/publish/verify-dns", "superadmin", 200, {
    body: "none",
    prepare: (api) => setStage(api, "DOMAIN_SET"),
  }),
  published("POST /v1/publish/provision", "superadmin", 202, {
    body: "none",
    prepare: (api) => setStage(api, "DNS_READY"),
  }),
  published("GET /v1/publish/provision/stream", "superadmin", 200),
  published("POST /v1/publish/reset", "superadmin", 200, { body: "none", prepare: unpublishAll }),
  published("GET /v1/publish/certificates", "superadmin", 200),
];

/** The setup token is that of the example. */
function awaitFirstSuperadmin(api: ApiFixture): void {
  api.db.store.db.run("UPDATE users SET role = 'user'");
  const issuedAt = now(api);
  api.identity.setupToken.rotate({
    tokenHash: hashSecret("Zs0m1u4yQf8kVb2nR6tXc9hJpLwEaGd3iYoU7KvTq5B"),
    issuedAt,
    expiresAt: issuedAt.add({ minutes: 30 }),
  });
}

function giveExamplePassword(api: ApiFixture): void {
  api.setPassword("alice", "correct horse battery");
}

/** The secret of which the examples have the code of the fixture's first moment, for everybody. */
export function setUpTotp(api: ApiFixture): void {
  api.db.store.db.run("UPDATE users SET totp_secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'");
}

/** Everybody with an account may go there. */
export function protectExampleHost(api: ApiFixture): void {
  const target = { kind: "proxy", upstream: { hostname: "127.0.0.1", port: 1 } } as const;
  api.publish?.table.put("app.example.test", target, { users: null });
}

function revokeClient(api: ApiFixture): void {
  api.clients.revoke(EDGE.clientId, now(api));
}

const now = (api: ApiFixture) => Temporal.Instant.fromEpochMilliseconds(api.clock.now());

/** From the password that {@linkcode ApiFixture.login} gives users. */
function newPassword(userId: string): Json {
  return {
    current_password: `password of ${userId}`,
    new_password: "correct horse battery",
    new_password_confirm: "correct horse battery",
  };
}

function pageForm(): FormData {
  const form = new FormData();
  form.append("files", new File(["<p>"], "page.html"));
  return form;
}

/** On a port that the world has not taken. */
function newRule(): Json {
  return { client: EDGE.clientName, listen_port: 19090, target_host: "a", target_port: 1 };
}
