/**
 * The key of a certificate, and the request for one. Imported only when one is made: the library is
 * large.
 *
 * @module
 */

// First: @peculiar/x509 registers its types in it while it is loaded.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { encodeBase64Url } from "../../../system/base64.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface SigningRequest {
  /** A new key, PEM (PKCS#8). */
  readonly keyPem: string;
  /** The request's DER as base64url, the form in which it is sent (RFC 8555 §7.4). */
  readonly csr: string;
}

/** A new P-256 key and a request for a certificate that names `host` alone. */
export async function newSigningRequest(host: string): Promise<SigningRequest> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    // Only as alternative name: a common name is at most 64 characters.
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }])],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    keyPem: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n`,
    csr: encodeBase64Url(new Uint8Array(request.rawData)),
  };
}
