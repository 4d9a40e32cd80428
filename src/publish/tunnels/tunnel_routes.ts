import type { RuleService } from "../../control/rules.ts";
import { isPrivateHost } from "../../core/private_address.ts";
import type { ClientRepository } from "../../store/clients.ts";
import type { StoredTunnel, TunnelRepository } from "../../store/tunnels.ts";
import type { HostPolicy } from "../host_table.ts";
import type { Termination } from "./termination.ts";

export interface TunnelRoutesOptions {
  readonly tunnels: TunnelRepository;
  readonly clients: Pick<ClientRepository, "get">;
  readonly rules: Pick<RuleService, "onRemoval">;
  readonly termination: Pick<Termination, "routes">;
}

/** What of the tunnels the ingress serves: those that are active and whose rule is there. */
export class TunnelRoutes {
  readonly #options: TunnelRoutesOptions;
  /** Hosts by the rule that is behind them. */
  readonly #hosts = new Map<bigint, string>();

  constructor(options: TunnelRoutesOptions) {
    this.#options = options;
    options.rules.onRemoval(({ id }) => {
      const host = this.#hosts.get(id);
      if (host !== undefined) this.close(host);
    });
  }

  /** Makes the ingress do what the store says of a tunnel. */
  refresh(tunnelId: string): void {
    const { tunnels, clients, termination } = this.#options;
    const tunnel = tunnels.get(tunnelId);
    if (tunnel === undefined || tunnel.access === null) return;
    const { fqdn, ruleId, listenPort } = tunnel;
    const hostname = clients.get(tunnel.clientId)?.clientAddress ?? null;
    if (ruleId === null || hostname === null || !isOpen(tunnel, hostname)) {
      return this.close(fqdn);
    }
    this.#hosts.set(ruleId, fqdn);
    const upstream = { hostname, port: listenPort };
    termination.routes.put(fqdn, { kind: "proxy", upstream }, policyOf(tunnel));
  }

  /** Follows a client that is reached elsewhere now. */
  refreshClient(clientId: string): void {
    for (const tunnel of this.#options.tunnels.list()) {
      if (tunnel.clientId === clientId) this.refresh(tunnel.tunnelId);
    }
  }

  close(fqdn: string): void {
    this.#options.termination.routes.delete(fqdn);
    for (const [ruleId, host] of this.#hosts) {
      if (host === fqdn) this.#hosts.delete(ruleId);
    }
  }
}

/** A login that anybody who finds the client's port can go around is none. */
function isOpen({ enabled, progress, access }: StoredTunnel, hostname: string): boolean {
  return enabled && progress.kind === "active" &&
    (access === "public" || isPrivateHost(hostname));
}

/** `restricted` lets in whom it lists. */
function policyOf({ access, allowedUsers }: StoredTunnel): HostPolicy | null {
  if (access === "public" || access === null) return null;
  return { users: access === "authenticated" ? null : allowedUsers };
}
