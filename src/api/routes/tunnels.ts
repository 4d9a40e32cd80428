/**
 * `/v1/tunnels`: host names that lead to rules.
 *
 * @module
 */

import { z } from "zod";
import type { ErrorCode } from "../../core/errors.ts";
import { u16 } from "../../core/integer_schemas.ts";
import { PROXY_VERSIONS } from "../../core/rule.ts";
import { ACCESS_MODES, TUNNEL_KINDS } from "../../core/tunnel.ts";
import { requireOwner } from "../../identity/operators.ts";
import type { Publish } from "../../publish/publish.ts";
import type { Tunnel } from "../../publish/tunnels/tunnels.ts";
import type { AppContext } from "../http.ts";
import { operation } from "../operation.ts";
import { publishing, type PublishingOptions } from "../publishing.ts";
import type { Route } from "../route.ts";
import { TunnelView, tunnelView } from "../views/tunnel.ts";

const access = z.enum(ACCESS_MODES).meta({
  description: "Whom the ingress lets in; `restricted`: `allowed_users`, and superadmins.",
});
const allowedUsers = z.array(z.string());
const description = z.string().nullish();

const TunnelBody = z.object({
  subdomain: z.string().nullish().meta({ description: "A label below the domain, or `fqdn`." }),
  fqdn: z.string().nullish().meta({ description: "The full name." }),
  kind: z.enum(TUNNEL_KINDS).default("passthrough").meta({
    description: "Where TLS ends: `passthrough` at the target, `terminate` at the server.",
  }),
  client_id: z.string(),
  target: z.string().meta({ description: "`host:port`, as the client reaches it." }),
  listen_port: u16.nullish().meta({
    description: "443 for passthrough; else the lowest from 20000 up that is free and granted.",
  }),
  proxy_protocol: z.enum(PROXY_VERSIONS).nullish(),
  description,
  access: access.nullish(),
  allowed_users: allowedUsers.nullish(),
});

const PatchBody = z.object({
  enabled: z.boolean().nullish(),
  description,
  access: access.nullish(),
  allowed_users: allowedUsers.nullish(),
});

const TUNNEL = {
  id: "01JABCDEFGHJKMNPQRSTVWXYZ5",
  subdomain: null,
  fqdn: "app.example.com",
  kind: "passthrough",
  client_id: "01JABCDEFGHJKMNPQRSTVWXYZ0",
  client_name: "edge-01",
  rule_id: 1,
  listen_port: 443,
  target: "10.0.0.5:443",
  proxy_protocol: null,
  description: null,
  access: null,
  allowed_users: [],
  enabled: true,
  state: { kind: "active" },
  owner: "alice",
  cert: null,
  points_to: "edge-01.example.com",
  created_at: "2026-05-07T10:00:00.123Z",
};

/** What making the rule, the certificate and the route can end with. */
const PROVISION_ERRORS = [
  "client_not_found",
  "client_not_granted",
  "protocol_not_granted",
  "port_outside_grant",
  "access_needs_private_upstream",
  "publish_not_ready",
  "role_required",
  "tunnel_invalid",
  "port_in_use",
  "conflict.legacy_to_sni_unsupported",
  "conflict.sni_route_duplicate",
  "sni_unsupported_by_client",
  "proxy_protocol_unsupported_by_client",
  "multi_target_unsupported_by_client",
  "unsupported_protocol",
  "client_not_connected",
  "activation_failed",
  "ack_timeout",
  "certificate_failed",
] as const satisfies readonly ErrorCode[];

const CREATE_ERRORS = [
  "host_invalid",
  "host_reserved",
  "host_in_use",
  "host_limit_reached",
  "domain_not_set",
  "dns_mismatch",
  "listen_port_unavailable",
  ...PROVISION_ERRORS,
] as const satisfies readonly ErrorCode[];

export function tunnelRoutes(route: Route, options: PublishingOptions): void {
  const guarded = publishing(route, options);
  collectionRoute(guarded);
  itemRoute(guarded);
}

type Guarded = ReturnType<typeof publishing>;

const shown = ({ termination, state }: Publish, tunnel: Tunnel) =>
  tunnelView(tunnel, {
    certificate: termination.certificates.status(tunnel.fqdn),
    publicIp: state.get().publicIp,
  });

function collectionRoute({ route, services }: Guarded): void {
  route("/v1/tunnels", {
    GET: operation({
      summary: "List tunnels",
      caller: "operator",
      success: {
        status: 200,
        description: "The newest first; of users their own.",
        view: z.array(TunnelView),
        example: [TUNNEL],
      },
      errors: [],
      handle(c) {
        const publish = services();
        return publish.tunnels.list(c.get("operator")).map((it) => shown(publish, it));
      },
    }),

    POST: operation({
      summary: "Lead a host name to a client",
      description: "Reserves the name, pushes the rule as `POST /v1/rules` does, and for " +
        "`terminate` gets a certificate and opens the route. Waits for all of it; what fails is " +
        "undone. Users need a grant that covers the port.",
      caller: "operator",
      body: TunnelBody,
      bodyExample: {
        fqdn: "shop.example.com",
        client_id: "01JABCDEFGHJKMNPQRSTVWXYZ0",
        target: "10.0.0.5:443",
      },
      success: {
        status: 201,
        description: "The tunnel, which is active.",
        view: TunnelView,
        example: TUNNEL,
      },
      errors: [...CREATE_ERRORS],
      async handle(c, { body }) {
        const publish = services();
        const tunnel = await publish.tunnels.create({
          subdomain: body.subdomain ?? null,
          fqdn: body.fqdn ?? null,
          kind: body.kind,
          clientId: body.client_id,
          target: body.target,
          listenPort: body.listen_port ?? null,
          proxyProtocol: body.proxy_protocol ?? null,
          description: body.description ?? null,
          access: body.access ?? null,
          allowedUsers: body.allowed_users ?? [],
        }, c.get("operator"));
        return shown(publish, tunnel);
      },
    }),
  });
}

/** @throws {PortunusError} `tunnel_not_found`, or `not_owner` when it is somebody else's */
function ownTunnel(c: AppContext, { tunnels }: Publish): Tunnel {
  const tunnel = tunnels.get(c.req.param("tunnel_id") ?? "");
  requireOwner(c.get("operator"), tunnel.ownerId);
  return tunnel;
}

function itemRoute({ route, services }: Guarded): void {
  route("/v1/tunnels/:tunnel_id", {
    GET: operation({
      summary: "Show a tunnel",
      caller: "owner",
      success: { status: 200, description: "The tunnel.", view: TunnelView, example: TUNNEL },
      errors: ["tunnel_not_found", "not_owner"],
      handle(c) {
        const publish = services();
        return shown(publish, ownTunnel(c, publish));
      },
    }),

    PATCH: operation({
      summary: "Change a tunnel, or switch it on or off",
      description: "Switched off it keeps its name and definition, and has no rule. Switching on " +
        "makes a new rule, also for a tunnel that failed or is detached.",
      caller: "owner",
      body: PatchBody,
      bodyExample: { description: "the shop", enabled: false },
      success: { status: 200, description: "The tunnel.", view: TunnelView, example: TUNNEL },
      errors: ["tunnel_not_found", "not_owner", ...PROVISION_ERRORS],
      async handle(c, { body }) {
        const publish = services();
        const { tunnelId } = ownTunnel(c, publish);
        const changed = await publish.tunnels.change(tunnelId, {
          enabled: body.enabled ?? undefined,
          description: body.description,
          access: body.access ?? undefined,
          allowedUsers: body.allowed_users ?? undefined,
        }, c.get("operator"));
        return shown(publish, changed);
      },
    }),

    DELETE: operation({
      summary: "Remove a tunnel",
      description: "Its rule and its route go along, and its name is free again.",
      caller: "owner",
      success: { status: 204, description: "The tunnel is gone." },
      errors: ["tunnel_not_found", "not_owner"],
      async handle(c) {
        const publish = services();
        await publish.tunnels.remove(ownTunnel(c, publish).tunnelId);
      },
    }),
  });
}
