/**
 * What the tasks of provisioning do.
 *
 * @module
 */

import { formatSocketAddress, type SocketAddress } from "../../core/address.ts";
import type { PublishStateRepository } from "../../store/publish_state.ts";
import type { AcmeAccount } from "../certificates/acme/authority.ts";
import type { CertificateAuthority } from "../certificates/certificate.ts";
import { PortunusError } from "../../core/errors.ts";
import type { ProvisionWork } from "./provisioning.ts";

/** Where the ingress listens. */
export interface IngressAddresses {
  readonly http: SocketAddress;
  readonly https: SocketAddress;
}

export interface TasksOptions {
  readonly state: PublishStateRepository;
  /** @throws {Error} when the ingress does not listen */
  readonly ingress: () => IngressAddresses;
  readonly account: (signal: AbortSignal) => Promise<AcmeAccount>;
  readonly certificates: CertificateAuthority;
  readonly probes: Probes;
}

/** Looks at the ingress as a browser does. */
export interface Probes {
  /** The certificate (PEM) that is presented for `host`. @throws {Error} when there is none */
  presented(https: SocketAddress, host: string, signal: AbortSignal): Promise<string>;
  /**
   * That challenges are answered and everybody else is sent to HTTPS.
   *
   * @throws {Error} what is otherwise
   */
  answers(http: SocketAddress, host: string, signal: AbortSignal): Promise<void>;
}

export function provisionWork(options: TasksOptions): ProvisionWork {
  const { state, ingress, account, certificates, probes } = options;
  const domain = () => {
    const { domain } = state.get();
    if (domain === null) throw new PortunusError("domain_not_set");
    return domain;
  };
  return {
    listeners: {
      title: "Listen for browsers",
      run() {
        const { http, https } = ingress();
        return `HTTP on ${formatSocketAddress(http)}, HTTPS on ${formatSocketAddress(https)}`;
      },
    },
    "acme-account": {
      title: "Register with the certificate authority",
      async run(signal) {
        const { url, termsOfService } = await account(signal);
        const terms = termsOfService === null ? "" : `; terms of service: ${termsOfService}`;
        return `Account ${url}${terms}`;
      },
    },
    "issue-certs": {
      title: "Get a certificate for the domain",
      async run(signal) {
        const host = domain();
        await certificates.ensure(host, signal);
        return `${host} is certified until ${certificates.status(host).not_after}`;
      },
    },
    ingress: {
      title: "Present the certificate",
      async run(signal) {
        const host = domain();
        const presented = await probes.presented(ingress().https, host, signal);
        const kept = certificates.get(host);
        if (kept === undefined || !kept.certPem.replaceAll(/\s/g, "").includes(presented)) {
          throw new Error(`another certificate is presented for ${host}`);
        }
        return `${host} is presented with its certificate`;
      },
    },
    verify: {
      title: "Ask as a browser does",
      async run(signal) {
        await probes.answers(ingress().http, domain(), signal);
        return "Challenges are answered, and others are sent to HTTPS";
      },
    },
    finalize: {
      title: "Open for tunnels and sites",
      run() {
        state.set({ ...state.get(), status: "COMPLETED" });
        return "Tunnels and sites can be created";
      },
    },
  };
}
