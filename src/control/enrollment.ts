/**
 * One-time codes that turn a machine into a client.
 *
 * @module
 */

import { create } from "@bufbuild/protobuf";
import { parseClientAddress } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { resolveEndpoint, type SanNames } from "../core/endpoint.ts";
import { enrollCommand, formatEnrollmentUri } from "../core/enrollment_uri.ts";
import { errorText, PortunusError } from "../core/errors.ts";
import { clientNameProblem } from "../core/ids.ts";
import { instantFromMillis, toCliText } from "../core/instant.ts";
import { ENROLLMENT } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { ClientRepository } from "../store/clients.ts";
import type { EnrollmentRepository, EnrollmentSubject } from "../store/enrollments.ts";
import type { SettingsRepository } from "../store/settings.ts";
import { newToken, type Random } from "../system/random.ts";
import { hashSecret } from "../system/secret_hash.ts";
import {
  type CredentialBundle,
  CredentialBundleSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";

/** What clients need to know of this server, and how to find out. */
export interface ServerIdentity {
  /** SHA-256 of the leaf certificate, lowercase hex. */
  readonly fingerprint: string;
  readonly sans: SanNames;
  /** `host:port` from the command line or environment. */
  readonly seed: string | null;
  /** Port of the control listener. */
  readonly controlPort: number;
}

export interface EnrollmentServiceOptions {
  readonly clients: ClientRepository;
  readonly enrollments: EnrollmentRepository;
  readonly settings: SettingsRepository;
  readonly server: ServerIdentity;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes a ULID. */
  readonly newId: () => string;
  readonly logger: Logger;
  /** Called when an existing client got a new token: its old session must end. */
  readonly onRotated: (clientId: string) => void;
}

/** A new code, in the only place it is ever shown. */
export interface CreatedEnrollment {
  readonly clientName: string;
  readonly expiresAt: Temporal.Instant;
  readonly uri: string;
  readonly command: string;
}

export interface NewEnrollment {
  readonly name: string;
  readonly address: string | null;
  readonly ttlSecs: bigint;
  /** `Host` of the HTTP request that asks; `null` on the command line. */
  readonly hostHeader: string | null;
}

export class EnrollmentService {
  readonly #options: EnrollmentServiceOptions;

  constructor(options: EnrollmentServiceOptions) {
    this.#options = options;
  }

  /**
   * A code for a client that does not exist yet.
   *
   * @throws {PortunusError} `invalid_name`, `invalid_enrollment_ttl`, `invalid_client_address`,
   * `endpoint_invalid`, `endpoint_not_in_cert_san`, in this order
   */
  create({ name, address, ttlSecs, hostHeader }: NewEnrollment): CreatedEnrollment {
    const problem = clientNameProblem(name);
    if (problem !== null) throw new PortunusError("invalid_name", problem);
    const ttl = checkTtl(ttlSecs);
    const subject = {
      kind: "new",
      clientId: this.#options.newId(),
      clientName: name,
      clientAddress: address === null ? null : parseClientAddress(address),
    } as const;
    const created = this.#issue(subject, ttl, hostHeader);
    this.#options.logger.info("audit.client_enrollment_created", {
      client_name: created.clientName,
      expires_at: toCliText(created.expiresAt),
    });
    return created;
  }

  /**
   * A code that gives an existing client a new token. The old one works until the code is used.
   *
   * @throws {PortunusError} `client_not_found` first, else as {@linkcode create}
   */
  createForClient(clientId: string, ttlSecs: bigint, hostHeader: string | null): CreatedEnrollment {
    if (!this.#options.clients.get(clientId)) throw new PortunusError("client_not_found", clientId);
    const created = this.#issue({ kind: "existing", clientId }, checkTtl(ttlSecs), hostHeader);
    this.#options.logger.info("audit.client_reenrollment_created", {
      client_name: created.clientName,
      expires_at: toCliText(created.expiresAt),
    });
    return created;
  }

  /**
   * Redeems a code for credentials.
   *
   * @throws {PortunusError} `enrollment_invalid`, `enrollment_used`, `enrollment_expired`,
   * `endpoint_invalid`, `endpoint_not_in_cert_san`, `enrollment_store_error`
   */
  redeem(code: string): CredentialBundle {
    try {
      return this.#redeem(code);
    } catch (error) {
      this.#options.logger.warn("client.enrollment_failed", { error: errorText(error) });
      if (error instanceof PortunusError) throw error;
      throw new PortunusError("enrollment_store_error", undefined, { cause: error });
    }
  }

  #redeem(code: string): CredentialBundle {
    const { enrollments, clock, random, newId, server, logger, onRotated } = this.#options;
    const token = newToken(random);
    const redeemed = enrollments.redeem({
      code,
      codeHash: hashSecret(code),
      tokenHash: hashSecret(token),
      now: instantFromMillis(clock.now()),
      newClientId: newId(),
      resolveEndpoint: this.#resolver(null),
    });
    logger.info("client.enrollment_redeemed", {
      client_name: redeemed.clientName,
      rotated_existing: redeemed.rotated,
    });
    if (redeemed.rotated) onRotated(redeemed.clientId);
    return create(CredentialBundleSchema, {
      version: 1,
      clientName: redeemed.clientName,
      serverEndpoint: redeemed.endpoint,
      serverCertSha256: server.fingerprint,
      token,
      clientId: redeemed.clientId,
    });
  }

  #issue(
    subject: EnrollmentSubject,
    ttlSecs: number,
    hostHeader: string | null,
  ): CreatedEnrollment {
    const { enrollments, clock, random, server } = this.#options;
    const endpoint = this.#resolver(hostHeader)();
    const code = newToken(random);
    const now = instantFromMillis(clock.now());
    const expiresAt = now.add({ seconds: ttlSecs });
    const clientName = enrollments.create({
      subject,
      codeHash: hashSecret(code),
      now,
      expiresAt,
      endpoint,
    });
    const uri = formatEnrollmentUri({ endpoint, pin: server.fingerprint, code });
    return { clientName, expiresAt, uri, command: enrollCommand(uri) };
  }

  /** Reads the stored override now, so that resolving later needs no second look at the store. */
  #resolver(hostHeader: string | null): () => string {
    const { settings, server } = this.#options;
    const override = settings.advertisedEndpoint();
    return () => resolveEndpoint({ override, hostHeader, ...server }).endpoint;
  }
}

function checkTtl(secs: bigint): number {
  if (secs < 1n || secs > BigInt(ENROLLMENT.ttlMaxSecs)) {
    throw new PortunusError(
      "invalid_enrollment_ttl",
      `${secs} seconds out of range (1..=${ENROLLMENT.ttlMaxSecs})`,
    );
  }
  return Number(secs);
}
