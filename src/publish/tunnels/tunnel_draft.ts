/**
 * What a caller wants of a tunnel, checked as far as that can be done without a client.
 *
 * @module
 */

import { AccessError, PortunusError } from "../../core/errors.ts";
import { isPort } from "../../core/ports.ts";
import { isPrivateHost } from "../../core/private_address.ts";
import { belowDomain, parseFqdn, parseSubdomain } from "../../core/published_host.ts";
import type { ProxyVersion } from "../../core/rule.ts";
import {
  type AccessMode,
  checkDescription,
  HTTPS_PORT,
  isWider,
  parseTunnelTarget,
  type TunnelKind,
  type TunnelTarget,
} from "../../core/tunnel.ts";
import type { Operator } from "../../identity/operators.ts";
import type { ClientRow } from "../../store/clients.ts";

/** A tunnel as it is asked for. */
export interface TunnelRequest {
  /** The label below the domain, or … */
  readonly subdomain: string | null;
  /** … the full name; exactly one of them. */
  readonly fqdn: string | null;
  readonly kind: TunnelKind;
  readonly clientId: string;
  /** `host:port` */
  readonly target: string;
  /** `null` for one that fits. */
  readonly listenPort: number | null;
  readonly proxyProtocol: ProxyVersion | null;
  readonly description: string | null;
  readonly access: AccessMode | null;
  readonly allowedUsers: readonly string[];
}

/** The name of a tunnel, and how it was said. */
export interface TunnelName {
  readonly fqdn: string;
  readonly subdomain: string | null;
}

/**
 * @throws {PortunusError} `tunnel_invalid` unless one name is given; `domain_not_set`,
 * `host_invalid`, `host_reserved`
 */
export function nameOf(
  { subdomain, fqdn }: Pick<TunnelRequest, "subdomain" | "fqdn">,
  domain: string | null,
): TunnelName {
  if ((subdomain === null) === (fqdn === null)) {
    throw new PortunusError("tunnel_invalid", "give either subdomain or fqdn");
  }
  if (fqdn !== null) return { fqdn: parseFqdn(fqdn), subdomain: null };
  const label = parseSubdomain(subdomain ?? "");
  if (domain === null) throw new PortunusError("domain_not_set");
  return { fqdn: belowDomain(label, domain), subdomain: label };
}

/** What follows from a request alone. */
export interface TunnelDraft extends TunnelName {
  readonly kind: TunnelKind;
  readonly target: TunnelTarget;
  /** `null` for one that has to be found. */
  readonly listenPort: number | null;
  readonly proxyProtocol: ProxyVersion | null;
  readonly description: string | null;
  readonly access: AccessMode | null;
  readonly allowedUsers: readonly string[];
}

/** @throws {PortunusError} what {@linkcode nameOf} does; `tunnel_invalid` */
export function draftOf(request: TunnelRequest, domain: string | null): TunnelDraft {
  const { kind, listenPort, proxyProtocol, allowedUsers } = request;
  const name = nameOf(request, domain);
  const target = parseTunnelTarget(request.target);
  const description = request.description === null ? null : checkDescription(request.description);
  if (listenPort !== null && !isPort(listenPort)) {
    throw new PortunusError("tunnel_invalid", `listen_port ${listenPort} is no port`);
  }
  const isPassthrough = kind === "passthrough";
  if (isPassthrough && (request.access !== null || allowedUsers.length > 0)) {
    throw new PortunusError(
      "tunnel_invalid",
      "access and allowed_users are for terminate tunnels: the target of this one sees to it",
    );
  }
  return {
    ...name,
    kind,
    target,
    listenPort: isPassthrough ? listenPort ?? HTTPS_PORT : listenPort,
    proxyProtocol,
    description,
    access: isPassthrough ? null : request.access ?? "restricted",
    allowedUsers,
  };
}

/**
 * Whether somebody may open a host that far, and whether its login can be gone around: the rule
 * behind it listens on all addresses of the client.
 *
 * @throws {AccessError} `role_required` for a user who asks for more than `restricted`
 * @throws {PortunusError} `access_needs_private_upstream`
 */
export function checkAccess(
  access: AccessMode,
  { role }: Operator,
  client: Pick<ClientRow, "clientAddress">,
): void {
  if (role !== "superadmin" && isWider(access, "restricted")) {
    throw new AccessError("role_required");
  }
  if (access === "public" || isPrivateHost(client.clientAddress ?? "")) return;
  throw new PortunusError(
    "access_needs_private_upstream",
    `the client's address is ${client.clientAddress ?? "not set"}; a login in front of it needs ` +
      "a private one",
  );
}
