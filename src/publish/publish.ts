/**
 * What there is with `[publish]` in `server.toml`, and only then: this module and what it imports
 * are loaded when it is there.
 *
 * @module
 */

import type { ClientService } from "../control/clients.ts";
import type { RuleService } from "../control/rules.ts";
import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Random } from "../system/random.ts";
import type { UserStore } from "../identity/identity_store.ts";
import type { OperatorDirectory } from "../identity/operators.ts";
import { ClientRepository } from "../store/clients.ts";
import { PublishedHostRepository } from "../store/published_hosts.ts";
import { PublishStateRepository } from "../store/publish_state.ts";
import type { Store } from "../store/open.ts";
import { TunnelRepository } from "../store/tunnels.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { ChallengeResponder } from "./certificates/certificate.ts";
import type { Certificates } from "./certificates/certificates.ts";
import { createCertification } from "./certification.ts";
import { SiteLogins } from "./access/logins.ts";
import type { PublishConfig } from "./config.ts";
import { withDomain } from "./domain_route.ts";
import { HostTable } from "./host_table.ts";
import { HostRegistry } from "./hosts.ts";
import { createSites, type Sites } from "./sites/create_sites.ts";
import type { LookUp } from "./stages/dns_check.ts";
import type { Stages } from "./stages/stages.ts";
import type { Termination } from "./tunnels/termination.ts";
import { TunnelService } from "./tunnels/tunnels.ts";
import { Web, type WebAddresses } from "./web.ts";
import { UsersExport } from "./users_export.ts";

/** What publishing takes from the server. Who needs more adds it here; `start.ts` passes all it has. */
export interface PublishOptions {
  /** The configuration in force: limits change while the server runs, listeners and folders do not. */
  readonly config: () => PublishConfig;
  readonly store: Store;
  readonly rules: RuleService;
  readonly clients: Pick<ClientService, "onMoved">;
  readonly operators: OperatorDirectory;
  /** Has a row for a user that others can refer to, in the caller's transaction. */
  readonly anchor: (userId: string) => void;
  readonly accounts: Pick<UserStore, "account" | "passwordHash" | "exported">;
  readonly dataDir: string;
  readonly random: Random;
  /** Makes a ULID. */
  readonly newId: () => string;
  /** Where browsers reach the operator API, if that is said. */
  readonly publicOrigin: () => string | null;
  readonly metrics: Pick<Metrics, "certificates" | "ingress">;
  /** Where names lead. @default the name service of the configuration */
  readonly lookUp?: LookUp;
  /** How long requests may take to end when the server stops, in milliseconds. */
  readonly stopGraceMs: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The ingress and what it needs; tests pass one on paper. */
  readonly termination?: Termination;
}

/** The services behind the routes of publishing. */
export interface Publish extends Sites {
  readonly config: () => PublishConfig;
  readonly state: PublishStateRepository;
  readonly hosts: HostRegistry;
  /** What the ingress serves at the moment. */
  readonly table: HostTable;
  readonly tunnels: TunnelService;
  /** What hosts of the ingress have beside a route. */
  readonly termination: Termination;
  readonly stages: Stages;
  readonly certificates: Certificates;
  /** Answers to challenges of the certificate authority, for the listener on port 80. */
  readonly challenges: ChallengeResponder;
  /** Where the ingress listens. @throws {Error} before it does */
  readonly addresses: () => WebAddresses;
  readonly logins: SiteLogins;
  readonly usersExport: UsersExport;
  /**
   * Brings back what was published before, and listens. Ends when `stack` is disposed of.
   *
   * @throws what the system says when an address cannot be bound
   */
  start(stack: AsyncDisposableStack): Promise<void>;
  /** Takes over the certificates that the operator supplies, as they are now. */
  reload(): Promise<void>;
}

/** Puts the services together; nothing listens yet. */
export function createPublish(options: PublishOptions): Publish {
  const { config, store, publicOrigin } = options;
  const state = new PublishStateRepository(store);
  const table = new HostTable((host) => options.metrics.ingress.forget(host));
  const domain = () => state.get().domain;
  const hosts = new HostRegistry({
    hosts: new PublishedHostRepository(store),
    domain,
    maxHosts: () => config().maxHosts,
    operatorHost: () => hostOf(publicOrigin()),
  });
  const certification = createCertification({
    ...options,
    state,
    hosts,
    ingress: () => web.addresses(),
  });
  const web = new Web({ ...options, ...certification, routes: withDomain(table, domain) });
  const { termination = { ...certification, routes: table } } = options;
  const tunnels = new TunnelService({
    ...options,
    tunnels: new TunnelRepository(store),
    clients: new ClientRepository(store),
    hosts,
    domain,
    termination,
  });
  const sites = createSites({ ...options, hosts, domain, termination });
  const logins = new SiteLogins({ ...options, hosts: table });
  const usersExport = new UsersExport({ ...options, path: () => config().usersExportPath, domain });
  return {
    config,
    state,
    hosts,
    table,
    tunnels,
    termination,
    logins,
    ...sites,
    ...certification,
    addresses: () => web.addresses(),
    usersExport,
    async start(stack) {
      table.protectWith(await logins.gate());
      await certification.start(stack);
      stack.use(web).start();
      options.clients.onMoved((clientId) => tunnels.clientMoved(clientId));
      stack.defer(() => tunnels.stop());
      tunnels.start();
      stack.defer(() => sites.sites.stop());
      await sites.sites.start();
      stack.use(usersExport).start();
    },
    async reload() {
      try {
        await certification.certificates.reload();
      } catch (error) {
        options.logger.warn("certificates.reload_failed", { error: errorText(error) });
      }
    },
  };
}

const hostOf = (origin: string | null): string | null =>
  origin === null ? null : new URL(origin).hostname;
