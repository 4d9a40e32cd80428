import type { CertificateStatus } from "../certificates/certificate.ts";
import type { IngressTarget } from "../ingress/route.ts";
import type { HostPolicy } from "../host_table.ts";

/** What tunnels whose TLS ends at the ingress need of the rest of publishing. */
export interface Termination {
  /** @throws {PortunusError} `publish_not_ready` before the set-up of publishing is complete */
  requireReady(): void;
  /** @throws {PortunusError} `dns_mismatch` for a name that does not lead to the ingress */
  requireDns(fqdn: string, signal: AbortSignal): Promise<void>;
  readonly certificates: {
    /** @throws {PortunusError} `certificate_failed` */
    ensure(host: string, signal: AbortSignal): Promise<void>;
    release(host: string): void;
    status(host: string): CertificateStatus;
  };
  readonly routes: {
    put(host: string, target: IngressTarget, policy: HostPolicy | null): void;
    delete(host: string): void;
  };
}
