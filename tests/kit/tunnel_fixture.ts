/**
 * Tunnels on a real store, with edges and an ingress that do as a test says.
 *
 * @module
 */

import { PortunusError } from "../../src/core/errors.ts";
import type { Grant } from "../../src/core/grants.ts";
import { localAccounts } from "../../src/identity/local_identity_store.ts";
import type { Operator } from "../../src/identity/operators.ts";
import type { CertificateStatus } from "../../src/publish/certificates/certificate.ts";
import { HostRegistry } from "../../src/publish/hosts.ts";
import { HostTable } from "../../src/publish/host_table.ts";
import type { Termination } from "../../src/publish/tunnels/termination.ts";
import type { TunnelRequest } from "../../src/publish/tunnels/tunnel_draft.ts";
import { TunnelService } from "../../src/publish/tunnels/tunnels.ts";
import { ClientRepository } from "../../src/store/clients.ts";
import { PublishedHostRepository } from "../../src/store/published_hosts.ts";
import { TunnelRepository } from "../../src/store/tunnels.ts";
import { RuleFixture } from "./rule_fixture.ts";

export const ROOT: Operator = { userId: "_superadmin", role: "superadmin" };
export const ALICE: Operator = { userId: "alice", role: "user" };
export const BOB: Operator = { userId: "bob", role: "user" };

/** An ingress on paper. */
export class FakeTermination implements Termination {
  isReady = true;
  readonly routes = new HostTable();
  /** What an issuance says; resolves unless a test sets something else. */
  issue: (host: string, signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  pointsHere = (_fqdn: string): boolean => true;
  readonly issued: string[] = [];
  readonly released: string[] = [];

  requireReady(): void {
    if (!this.isReady) throw new PortunusError("publish_not_ready");
  }

  requireDns(fqdn: string): Promise<void> {
    return this.pointsHere(fqdn)
      ? Promise.resolve()
      : Promise.reject(new PortunusError("dns_mismatch", fqdn));
  }

  readonly certificates = {
    ensure: async (host: string, signal: AbortSignal) => {
      await this.issue(host, signal);
      this.issued.push(host);
    },
    release: (host: string) => void this.released.push(host),
    status: (): CertificateStatus => ({
      status: "valid",
      source: "acme",
      not_after: null,
      last_error: null,
      next_attempt: null,
    }),
  };
}

export class TunnelFixture extends RuleFixture {
  domain: string | null = "example.test";
  maxHosts = 200;
  readonly grants = new Map<string, readonly Grant[]>();
  readonly termination = new FakeTermination();
  #ids = 0;
  tunnels: TunnelService;

  constructor() {
    super();
    this.db.addUser({ userId: "_superadmin", role: "superadmin" });
    this.db.addUser({ userId: "bob", role: "user" });
    const clients = new ClientRepository(this.db.store);
    clients.setAddress("C1", "10.0.0.7");
    clients.setAddress("C2", "203.0.113.9");
    this.tunnels = this.loadTunnels();
  }

  get hosts(): HostRegistry {
    return new HostRegistry({
      hosts: new PublishedHostRepository(this.db.store),
      domain: () => this.domain,
      maxHosts: () => this.maxHosts,
      operatorHost: () => null,
    });
  }

  loadTunnels(): TunnelService {
    const { store } = this.db;
    return new TunnelService({
      store,
      tunnels: new TunnelRepository(store),
      hosts: this.hosts,
      clients: new ClientRepository(store),
      rules: this.rules,
      operators: { grantsOf: (userId) => Promise.resolve(this.grants.get(userId) ?? []) },
      accounts: localAccounts(store).store,
      termination: this.termination,
      domain: () => this.domain,
      clock: this.clock,
      logger: this.logger,
      newId: () => `T${this.#ids++}`,
    });
  }

  /** What a new process finds after this one was killed. */
  override restart(): void {
    this.registry.disconnectAll();
    super.restart();
    this.tunnels = this.loadTunnels();
    this.tunnels.start();
  }

  create(request: Partial<TunnelRequest> = {}, operator = ROOT) {
    return this.tunnels.create(tunnelRequest(request), operator);
  }

  /** Every published name, `<fqdn> <kind>`. */
  get names(): string[] {
    return this.hosts.list().map(({ fqdn, kind }) => `${fqdn} ${kind}`);
  }
}

/** A passthrough tunnel to `10.0.0.5:443` of the first edge, unless told otherwise. */
export function tunnelRequest(request: Partial<TunnelRequest> = {}): TunnelRequest {
  return {
    subdomain: request.fqdn === undefined ? "app" : null,
    fqdn: null,
    kind: "passthrough",
    clientId: "C1",
    target: "10.0.0.5:443",
    listenPort: null,
    proxyProtocol: null,
    description: null,
    access: null,
    allowedUsers: [],
    ...request,
  };
}
