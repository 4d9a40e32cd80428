/**
 * Host names that lead to rules of clients: made, switched, removed, and brought back after a
 * restart. A tunnel's name, its row and the id of its rule are written in the transactions of what
 * they belong to, so that a server that dies in the middle leaves nothing that no tunnel shows.
 *
 * @module
 */

import type { RuleService } from "../../control/rules.ts";
import type { Clock } from "../../core/clock.ts";
import { PortunusError } from "../../core/errors.ts";
import { checkPush, type Grant } from "../../core/grants.ts";
import { instantFromMillis } from "../../core/instant.ts";
import { KeyedMutex } from "../../core/keyed_mutex.ts";
import { RULES } from "../../core/limits.ts";
import type { Logger } from "../../core/log.ts";
import { portRange } from "../../core/ports.ts";
import { type AccessMode, checkDescription, isWider } from "../../core/tunnel.ts";
import type { UserStore } from "../../identity/identity_store.ts";
import type { Operator, OperatorDirectory } from "../../identity/operators.ts";
import type { ClientRepository, ClientRow } from "../../store/clients.ts";
import type { Store } from "../../store/open.ts";
import type { StoredTunnel, TunnelChange, TunnelRepository } from "../../store/tunnels.ts";
import type { HostRegistry } from "../hosts.ts";
import { freeListenPort } from "./listen_port.ts";
import type { Termination } from "./termination.ts";
import { checkAccess, draftOf, type TunnelDraft, type TunnelRequest } from "./tunnel_draft.ts";
import { TunnelRoutes } from "./tunnel_routes.ts";
import { ruleOf } from "./tunnel_rule.ts";
import { type TunnelState, tunnelState } from "./tunnel_state.ts";

export interface TunnelServiceOptions {
  readonly store: Store;
  readonly tunnels: TunnelRepository;
  readonly hosts: HostRegistry;
  readonly clients: Pick<ClientRepository, "get">;
  readonly rules: RuleService;
  readonly operators: Pick<OperatorDirectory, "grantsOf">;
  readonly accounts: Pick<UserStore, "account">;
  readonly termination: Termination;
  /** What subdomains are below; `null` while none is set. */
  readonly domain: () => string | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes a ULID. */
  readonly newId: () => string;
}

/** A tunnel with what it depends on. */
export interface Tunnel extends StoredTunnel {
  readonly state: TunnelState;
  /** `null` for a client that was deleted. */
  readonly client: ClientRow | null;
}

/** What a caller changes; `undefined` stays. */
export interface TunnelPatch {
  readonly enabled?: boolean | undefined;
  readonly description?: string | null | undefined;
  readonly access?: AccessMode | undefined;
  readonly allowedUsers?: readonly string[] | undefined;
}

const ACK_MS = RULES.ackTimeoutDefaultSecs * 1_000;

export class TunnelService {
  readonly #options: TunnelServiceOptions;
  readonly #routes: TunnelRoutes;
  /** One change of a host at a time. */
  readonly #locks = new KeyedMutex();
  readonly #stopping = new AbortController();

  constructor(options: TunnelServiceOptions) {
    this.#options = options;
    this.#routes = new TunnelRoutes(options);
  }

  /** The tunnels that an operator may see, the newest first. */
  list({ role, userId }: Operator): readonly Tunnel[] {
    return this.#options.tunnels.list()
      .filter((it) => role === "superadmin" || it.ownerId === userId)
      .map((it) => this.#shown(it));
  }

  /** @throws {PortunusError} `tunnel_not_found` */
  get(tunnelId: string): Tunnel {
    return this.#shown(this.#stored(tunnelId));
  }

  /**
   * Reserves the name, then makes the rule, the certificate and the route; what fails is undone.
   * The certificate stays.
   *
   * @throws {PortunusError} what is wrong with the request, why the name cannot be had, the codes
   * of {@linkcode RuleService.push}, `certificate_failed`
   */
  async create(request: TunnelRequest, operator: Operator): Promise<Tunnel> {
    const { hosts, termination, newId, domain } = this.#options;
    if (request.kind === "terminate") termination.requireReady();
    const draft = draftOf(request, domain());
    const client = this.#client(request.clientId);
    if (draft.access !== null) {
      requireAddress(client);
      checkAccess(draft.access, operator, client);
    }
    const grants = await this.#grants(operator);
    await this.#checkUsers(draft.allowedUsers);
    hosts.requireFree(draft.fqdn);
    if (draft.access !== null && draft.subdomain === null) {
      await termination.requireDns(draft.fqdn, this.#stopping.signal);
    }
    const tunnelId = newId();
    return await this.#locks.withLock(draft.fqdn, async () => {
      const tunnel = this.#reserve(tunnelId, draft, { client, operator, grants });
      try {
        await this.#provision(tunnel, client);
      } catch (error) {
        await this.#erase(tunnel);
        throw error;
      }
      return this.get(tunnelId);
    });
  }

  /**
   * Changes a tunnel. One that is switched off keeps its name and its definition; one that is
   * switched on gets a new rule unless it has one that works.
   *
   * @throws {PortunusError} `tunnel_not_found`, `tunnel_invalid`, and the codes of
   * {@linkcode create}
   */
  async change(tunnelId: string, patch: TunnelPatch, operator: Operator): Promise<Tunnel> {
    const { fqdn } = this.#stored(tunnelId);
    return await this.#locks.withLock(fqdn, async () => {
      const tunnel = this.#stored(tunnelId);
      const described = await this.#checked(tunnel, patch, operator);
      this.#set(tunnelId, described);
      if (patch.enabled === false) await this.#disable(tunnel);
      if (patch.enabled === true && this.get(tunnelId).state.kind !== "active") {
        await this.#enable({ ...tunnel, ...described }, operator);
      }
      this.#routes.refresh(tunnelId);
      return this.get(tunnelId);
    });
  }

  /** Removes rule, route and name. @throws {PortunusError} `tunnel_not_found` */
  async remove(tunnelId: string): Promise<void> {
    const { fqdn } = this.#stored(tunnelId);
    await this.#locks.withLock(fqdn, () => this.#erase(this.#stored(tunnelId)));
  }

  /**
   * Brings back what was published. What an earlier process left half done is finished, or failed
   * with `interrupted`.
   */
  start(): void {
    for (const tunnel of this.#options.tunnels.list().filter(({ enabled }) => enabled)) {
      const { tunnelId, progress, ruleId, access } = tunnel;
      if (progress.kind === "provisioning" && ruleId === null) {
        this.#set(tunnelId, { progress: { kind: "failed", reason: "interrupted" } });
      } else if (progress.kind === "provisioning" && access === null) {
        this.#set(tunnelId, { progress: { kind: "active" } });
      } else if (progress.kind === "provisioning") {
        void this.#locks.withLock(tunnel.fqdn, () => this.#resume(tunnelId));
      } else if (progress.kind === "active" && access !== null) {
        this.#routes.refresh(tunnelId);
        void this.#renew(tunnel);
      }
    }
  }

  /** Follows a client that is reached elsewhere now. */
  clientMoved(clientId: string): void {
    this.#routes.refreshClient(clientId);
  }

  /** Ends what waits for certificates. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Goes on with a tunnel whose rule was there, and its certificate was not. */
  async #resume(tunnelId: string): Promise<void> {
    const tunnel = this.#options.tunnels.get(tunnelId);
    if (tunnel === undefined) return;
    const failure = await this.#renew(tunnel);
    if (this.#stopping.signal.aborted) return;
    if (failure === null) this.#set(tunnelId, { progress: { kind: "active" } });
    else await this.#withdraw(tunnel, { progress: { kind: "failed", reason: failure } });
    this.#routes.refresh(tunnelId);
  }

  /** Has a certificate kept for a tunnel. Why there is none; it is tried again. */
  async #renew({ tunnelId, fqdn }: StoredTunnel): Promise<string | null> {
    const { termination, logger } = this.#options;
    try {
      await termination.certificates.ensure(fqdn, this.#stopping.signal);
      return null;
    } catch (error) {
      const reason = reasonOf(error);
      if (!this.#stopping.signal.aborted) {
        logger.warn("tunnel.certificate_failed", { tunnel_id: tunnelId, fqdn, reason });
      }
      return reason;
    }
  }

  #reserve(
    tunnelId: string,
    draft: TunnelDraft,
    { client, operator, grants }: {
      readonly client: ClientRow;
      readonly operator: Operator;
      readonly grants: readonly Grant[] | null;
    },
  ): StoredTunnel {
    const { store, tunnels, hosts } = this.#options;
    const { clientId, clientName } = client;
    return store.write(() => {
      const taken = this.#portsOn(clientId);
      const listenPort = draft.listenPort ?? freeListenPort(clientName, { grants, taken });
      const listen = portRange(listenPort);
      if (grants !== null) checkPush(grants, { clientName, protocol: "tcp", listen });
      const { fqdn, subdomain, kind, target, proxyProtocol, description, access } = draft;
      const tunnel: StoredTunnel = {
        ...{ tunnelId, fqdn, subdomain, kind, clientId, listenPort, proxyProtocol },
        targetHost: target.host,
        targetPort: target.port,
        ...{ description, access },
        allowedUsers: draft.allowedUsers,
        enabled: true,
        ruleId: null,
        progress: { kind: "provisioning" },
        ownerId: operator.userId,
        createdAt: this.#now(),
      };
      hosts.reserve(fqdn, "tunnel", tunnelId);
      tunnels.insert(tunnel);
      return tunnel;
    });
  }

  #portsOn(clientId: string) {
    const { rules, tunnels } = this.#options;
    return [
      ...rules.list().filter((it) => it.clientId === clientId && it.protocol === "tcp")
        .map(({ listen }) => listen),
      ...tunnels.list().filter((it) => it.clientId === clientId)
        .map(({ listenPort }) => portRange(listenPort)),
    ];
  }

  async #provision(tunnel: StoredTunnel, client: ClientRow): Promise<void> {
    const { rules, termination } = this.#options;
    const { tunnelId, fqdn, access } = tunnel;
    await rules.push(
      ruleOf(tunnel, client),
      tunnel.ownerId,
      ACK_MS,
      ({ id }) => this.#set(tunnelId, { ruleId: id }),
    );
    if (access !== null) await termination.certificates.ensure(fqdn, this.#stopping.signal);
    this.#set(tunnelId, { progress: { kind: "active" } });
    this.#routes.refresh(tunnelId);
  }

  async #enable(tunnel: StoredTunnel, operator: Operator): Promise<void> {
    const { termination } = this.#options;
    const { tunnelId, enabled, access, listenPort } = tunnel;
    const client = this.#client(tunnel.clientId);
    if (access !== null) {
      termination.requireReady();
      requireAddress(client);
      // Who made it that wide was allowed to; where the client is now is another question.
      checkAccess(access, { ...operator, role: "superadmin" }, client);
    }
    const grants = await this.#grants(operator);
    const { clientName } = client;
    if (grants) checkPush(grants, { clientName, protocol: "tcp", listen: portRange(listenPort) });
    await this.#withdraw(tunnel, { enabled: true, progress: { kind: "provisioning" } });
    try {
      await this.#provision({ ...tunnel, ruleId: null }, client);
    } catch (error) {
      const failed = { enabled, progress: { kind: "failed", reason: reasonOf(error) } } as const;
      await this.#withdraw(this.#options.tunnels.get(tunnelId) ?? tunnel, failed);
      throw error;
    }
  }

  async #disable(tunnel: StoredTunnel): Promise<void> {
    await this.#withdraw(tunnel, { enabled: false, progress: { kind: "active" } });
    if (tunnel.access !== null) this.#options.termination.certificates.release(tunnel.fqdn);
  }

  /** Removes a tunnel's rule, if it has one, in one transaction with `change`. */
  async #withdraw(tunnel: StoredTunnel, change: TunnelChange): Promise<void> {
    await this.#removeRule(tunnel, () => this.#set(tunnel.tunnelId, { ...change, ruleId: null }));
  }

  async #erase({ tunnelId, fqdn, access }: StoredTunnel): Promise<void> {
    const { tunnels, termination } = this.#options;
    const tunnel = tunnels.get(tunnelId);
    if (tunnel !== undefined) await this.#removeRule(tunnel, () => tunnels.delete(tunnelId));
    this.#routes.close(fqdn);
    if (access !== null) termination.certificates.release(fqdn);
  }

  async #removeRule({ ruleId }: StoredTunnel, alongside: () => void): Promise<void> {
    const { rules } = this.#options;
    const rule = ruleId === null ? undefined : rules.get(ruleId);
    await rules.removeAll(rule === undefined ? [] : [rule], alongside);
  }

  /** What a patch makes of a tunnel, `enabled` left aside. */
  async #checked(
    tunnel: StoredTunnel,
    { description, access, allowedUsers }: TunnelPatch,
    operator: Operator,
  ): Promise<TunnelChange> {
    if (tunnel.access === null && (access !== undefined || allowedUsers !== undefined)) {
      throw new PortunusError("tunnel_invalid", "a passthrough tunnel has no access of its own");
    }
    if (access !== undefined && tunnel.access !== null) {
      const role = isWider(access, tunnel.access) ? operator.role : "superadmin";
      checkAccess(access, { ...operator, role }, this.#client(tunnel.clientId));
    }
    if (allowedUsers !== undefined) await this.#checkUsers(allowedUsers);
    const text = description === undefined ? tunnel.description : description;
    return {
      description: text === null ? null : checkDescription(text),
      access: access ?? tunnel.access,
      allowedUsers: allowedUsers ?? tunnel.allowedUsers,
    };
  }

  async #checkUsers(userIds: readonly string[]): Promise<void> {
    for (const userId of userIds) {
      if (await this.#options.accounts.account(userId) !== undefined) continue;
      throw new PortunusError("tunnel_invalid", `allowed_users: there is no user "${userId}"`);
    }
  }

  /** `null` for somebody who needs none. */
  async #grants({ role, userId }: Operator): Promise<readonly Grant[] | null> {
    return role === "superadmin" ? null : await this.#options.operators.grantsOf(userId);
  }

  #client(clientId: string): ClientRow {
    const client = this.#options.clients.get(clientId);
    if (client === undefined) throw new PortunusError("client_not_found", clientId);
    return client;
  }

  #stored(tunnelId: string): StoredTunnel {
    const tunnel = this.#options.tunnels.get(tunnelId);
    if (tunnel === undefined) throw new PortunusError("tunnel_not_found");
    return tunnel;
  }

  #shown(tunnel: StoredTunnel): Tunnel {
    const { rules, clients } = this.#options;
    const rule = tunnel.ruleId === null ? undefined : rules.get(tunnel.ruleId);
    const state = tunnelState(tunnel, rule);
    return { ...tunnel, state, client: clients.get(tunnel.clientId) ?? null };
  }

  #set(tunnelId: string, change: TunnelChange): void {
    this.#options.tunnels.update(tunnelId, change, this.#now());
  }

  #now(): Temporal.Instant {
    return instantFromMillis(this.#options.clock.now());
  }
}

/** What a state says of a failure: never more than its code. */
const reasonOf = (error: unknown): string =>
  error instanceof PortunusError ? error.code : "internal";

/** @throws {PortunusError} `tunnel_invalid` for a client that the ingress cannot dial */
function requireAddress({ clientName, clientAddress }: ClientRow): void {
  if (clientAddress !== null) return;
  throw new PortunusError("tunnel_invalid", `client ${clientName} has no client_address to dial`);
}
