import { z } from "zod";
import { u16, u64 } from "../../core/integer_schemas.ts";
import { toJsonText } from "../../core/instant.ts";
import { PROXY_VERSIONS } from "../../core/rule.ts";
import { ACCESS_MODES, TUNNEL_KINDS } from "../../core/tunnel.ts";
import type { CertificateStatus } from "../../publish/certificates/certificate.ts";
import type { Tunnel } from "../../publish/tunnels/tunnels.ts";
import { CertificateView, certificateView } from "./certificate.ts";
import { dateTime, ulid, userId } from "./scalars.ts";

const STATES = ["provisioning", "active", "failed", "disabled", "detached"] as const;

/** A host name that leads to a rule. */
export const TunnelView = z.object({
  id: ulid,
  subdomain: z.string().nullable(),
  fqdn: z.string(),
  kind: z.enum(TUNNEL_KINDS),
  client_id: ulid,
  client_name: z.string().nullable().meta({ description: "`null` for a client that is gone." }),
  rule_id: u64.nullable(),
  listen_port: u16.meta({ description: "Where the rule listens on the client." }),
  target: z.string(),
  proxy_protocol: z.enum(PROXY_VERSIONS).nullable(),
  description: z.string().nullable(),
  access: z.enum(ACCESS_MODES).nullable().meta({ description: "`null` for passthrough." }),
  allowed_users: z.array(userId),
  enabled: z.boolean(),
  state: z.object({ kind: z.enum(STATES), reason: z.string().optional() }),
  owner: userId,
  cert: CertificateView.nullable().meta({ description: "`null` for passthrough." }),
  points_to: z.string().nullable().meta({
    description: "Where the DNS record of the name leads, if that is known.",
  }),
  created_at: dateTime,
}).meta({ id: "Tunnel" });

export function tunnelView(
  tunnel: Tunnel,
  { certificate, publicIp }: {
    readonly certificate: CertificateStatus;
    readonly publicIp: string | null;
  },
): z.input<typeof TunnelView> {
  const { client, access } = tunnel;
  return {
    id: tunnel.tunnelId,
    subdomain: tunnel.subdomain,
    fqdn: tunnel.fqdn,
    kind: tunnel.kind,
    client_id: tunnel.clientId,
    client_name: client?.clientName ?? null,
    rule_id: tunnel.ruleId,
    listen_port: tunnel.listenPort,
    target: `${tunnel.targetHost}:${tunnel.targetPort}`,
    proxy_protocol: tunnel.proxyProtocol,
    description: tunnel.description,
    access,
    allowed_users: [...tunnel.allowedUsers],
    enabled: tunnel.enabled,
    state: tunnel.state,
    owner: tunnel.ownerId,
    cert: access === null ? null : certificateView(certificate),
    points_to: access === null ? client?.clientAddress ?? null : publicIp,
    created_at: toJsonText(tunnel.createdAt),
  };
}
