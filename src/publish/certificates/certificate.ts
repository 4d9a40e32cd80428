/**
 * What the rest of publishing knows of certificates.
 *
 * @module
 */

/** A certificate that can be presented, with its key. */
export interface HostCertificate {
  /** The chain, leaf first. */
  readonly certPem: string;
  readonly keyPem: string;
  /** Grows with every renewal, over all hosts. */
  readonly version: number;
}

/** The certificates of the hosts, in memory. */
export interface CertificateSource {
  /** The certificate to present for `host`; `undefined` when there is none that can be used. */
  get(host: string): HostCertificate | undefined;
  /** Calls `listener` after the certificate of a host was replaced or removed, until disposed of. */
  onChange(listener: (host: string) => void): Disposable;
}

/**
 * How far the certificate of a host is:
 *
 * - `none`: nobody asked for one yet
 * - `pending`: it is being issued
 * - `valid`: it can be used; a failed renewal shows in `last_error`
 * - `expired`: there is one, whose time is over
 * - `failed`: there is none, and `last_error` says why
 */
export type CertificateState = "none" | "pending" | "valid" | "expired" | "failed";

/** The state of a host's certificate, as the API shows it. */
export interface CertificateStatus {
  readonly status: CertificateState;
  /** `acme` issued and renewed here, `operator` for a wildcard that the operator supplied. */
  readonly source: "acme" | "operator" | null;
  /** When the certificate ends; `null` without one. */
  readonly not_after: Temporal.Instant | null;
  /** What failed last, in the words of the certificate authority; `null` after a success. */
  readonly last_error: string | null;
  /** When a failed issuance is tried again by itself; `null` when nothing failed. */
  readonly next_attempt: Temporal.Instant | null;
}

/** Certificates that are there when they are needed. */
export interface CertificateAuthority extends CertificateSource {
  status(host: string): CertificateStatus;
  /**
   * Resolves once `host` has a certificate that is good for another day, issuing one if needed.
   * Concurrent calls for one host share one issuance. From then on the host's certificate is
   * issued and renewed by itself, whether this call succeeded or not.
   *
   * @throws {PortunusError} `certificate_failed` with what the certificate authority says
   */
  ensure(host: string, signal: AbortSignal): Promise<void>;
  /** Ends the renewal for `host`. Its certificate stays until it ends. */
  release(host: string): void;
}

/** Answers to HTTP-01 challenges, for the listener on port 80 (RFC 8555 §8.3). */
export interface ChallengeResponder {
  /** The body for `/.well-known/acme-challenge/<token>`; `undefined` for an unknown token. */
  respond(token: string): string | undefined;
}
