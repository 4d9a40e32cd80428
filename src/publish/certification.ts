/**
 * Certificates and the stages of the set-up, put together.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Random } from "../system/random.ts";
import type { PublishStateRepository } from "../store/publish_state.ts";
import type { Store } from "../store/open.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { AcmeAuthority } from "./certificates/acme/authority.ts";
import { Challenges } from "./certificates/acme/challenges.ts";
import { Certificates } from "./certificates/certificates.ts";
import { CertificateStore } from "./certificates/store.ts";
import type { PublishConfig } from "./config.ts";
import type { HostRegistry } from "./hosts.ts";
import { checkHost, type LookUp, systemLookUp } from "./stages/dns_check.ts";
import { ingressProbes } from "./stages/probes.ts";
import { Provisioning } from "./stages/provisioning.ts";
import { Stages } from "./stages/stages.ts";
import { type IngressAddresses, provisionWork } from "./stages/tasks.ts";

export interface CertificationOptions {
  readonly config: () => PublishConfig;
  readonly store: Store;
  readonly state: PublishStateRepository;
  readonly hosts: HostRegistry;
  /** @throws {Error} when the ingress does not listen */
  readonly ingress: () => IngressAddresses;
  /** @default the name service of the configuration */
  readonly lookUp?: LookUp;
  readonly metrics: Pick<Metrics, "certificates">;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface Certification {
  /** For the listener on port 80. */
  readonly challenges: Challenges;
  readonly certificates: Certificates;
  readonly stages: Stages;
  /** @throws {PortunusError} `publish_not_ready` before the set-up is complete */
  requireReady(): void;
  /** @throws {PortunusError} `dns_mismatch` for a name that does not lead here */
  requireDns(fqdn: string): Promise<void>;
  /**
   * Loads the certificates there are, and renews them until `stack` is disposed of.
   *
   * @throws {Error} when their directory cannot be read or made
   */
  start(stack: AsyncDisposableStack): Promise<void>;
}

export function createCertification(options: CertificationOptions): Certification {
  const { config, state, hosts, clock, logger, metrics } = options;
  const { acmeDirectory, acmeCaPath, certsDir, dnsServer } = config();
  const challenges = new Challenges();
  const authority = new AcmeAuthority({
    directory: acmeDirectory,
    caPath: acmeCaPath,
    certsDir,
    email: () => state.get().email,
    challenges,
    clock,
  });
  const certificates = new Certificates({
    ...options,
    store: new CertificateStore({ directory: certsDir, clock, logger }),
    issue: (host, signal) => authority.issue(host, signal),
    metrics: metrics.certificates,
    isPublished: (host) => host === state.get().domain || hosts.lookup(host) !== undefined,
  });
  const { lookUp = systemLookUp({ server: dnsServer, clock }) } = options;
  const work = provisionWork({
    ...options,
    account: (signal) => authority.account(signal),
    certificates,
    probes: ingressProbes({ ...options, challenges }),
  });
  const stages = new Stages({
    ...options,
    publicIp: () => config().publicIp,
    lookUp,
    provisioning: new Provisioning(work),
  });
  return {
    challenges,
    certificates,
    stages,
    requireReady: () => stages.requireCompleted(),
    async requireDns(fqdn) {
      const expected = config().publicIp ?? state.get().publicIp;
      const { ok, message } = await checkHost(fqdn, expected, lookUp);
      if (!ok) throw new PortunusError("dns_mismatch", message);
    },
    async start(stack) {
      stack.use(authority);
      stack.use(certificates);
      stack.use(stages);
      await certificates.load();
      const { status, domain } = state.get();
      if (status === "COMPLETED" && domain !== null) certificates.want(domain);
      certificates.start();
    },
  };
}
