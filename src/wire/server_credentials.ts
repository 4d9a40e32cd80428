import { ServerCredentials } from "@grpc/grpc-js";
import type { CertificatePair } from "./self_signed.ts";

const context = ({ certPem, keyPem }: CertificatePair) => ({ cert: certPem, key: keyPem });

/**
 * TLS with a certificate that can be replaced while the server runs.
 *
 * Not `ServerCredentials.createSsl`: without roots of its own that names every root of the system
 * in a request for a client certificate, which Deno sends and clients choke on.
 */
export class ReplaceableCredentials extends ServerCredentials {
  constructor(pair: CertificatePair) {
    super({ requestCert: false }, context(pair));
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }

  /** New connections get `pair`; established ones go on. */
  replace(pair: CertificatePair): void {
    this.updateSecureContextOptions(context(pair));
  }
}
