import { Family, rowOf } from "./family.ts";

/** Metrics of the certificates of published hosts. */
export class CertificateMetrics {
  readonly #expiry = new Family("publish_certificate_not_after_seconds", {
    type: "gauge",
    help: "When the certificate of a host ends, in seconds since the Unix epoch.",
  });
  readonly #failures = new Family("publish_certificate_failures_total", {
    type: "counter",
    help: "Attempts to get a certificate for a host that failed.",
  });

  readonly families: readonly Family[] = [this.#expiry, this.#failures];

  /** @param notAfter milliseconds since the Unix epoch */
  setExpiry(host: string, notAfter: number): void {
    this.#expiry.set(rowOf({ host }), Math.floor(notAfter / 1_000));
  }

  failed(host: string): void {
    this.#failures.add(rowOf({ host }), 1n);
  }

  /** Forgets a host that is no longer published. */
  remove(host: string): void {
    this.#expiry.delete(rowOf({ host }));
    this.#failures.delete(rowOf({ host }));
  }
}
