/**
 * Reading certificates: what a server's leaf is pinned by and which names it is good for.
 *
 * @module
 */

import { createHash, X509Certificate } from "node:crypto";
import type { SanNames } from "../core/endpoint.ts";
import { PortunusError } from "../core/errors.ts";

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/;

/**
 * The first certificate of a PEM file, which is the server's own (RFC 8446 §4.4.2).
 *
 * @throws {PortunusError} `tls_material` when there is none, or none that can be read
 */
export function leafCertificate(pem: string): X509Certificate {
  const block = BLOCK.exec(pem)?.[0];
  if (block === undefined) throw new PortunusError("tls_material", "no CERTIFICATE block in PEM");
  try {
    return new X509Certificate(block);
  } catch (cause) {
    throw new PortunusError("tls_material", "the CERTIFICATE block cannot be decoded", { cause });
  }
}

/** SHA-256 of a certificate's DER encoding as 64 lowercase hex digits: the form of a pin. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("hex");
}

/**
 * The pin of the first certificate in `pem`.
 *
 * @throws {PortunusError} as {@linkcode leafCertificate} does
 */
export function fingerprint(pem: string): string {
  return fingerprintOf(leafCertificate(pem).raw);
}

/**
 * The subject alternative names of the first certificate in `pem`. The common name is not one.
 *
 * @throws {PortunusError} as {@linkcode leafCertificate} does
 */
export function sans(pem: string): SanNames {
  const dns: string[] = [];
  const ips: string[] = [];
  for (const entry of leafCertificate(pem).subjectAltName?.split(", ") ?? []) {
    const [, kind, value = ""] = /^(DNS|IP Address):(.*)$/.exec(entry) ?? [];
    if (kind === "DNS") dns.push(value);
    if (kind === "IP Address") ips.push(value);
  }
  return { dns, ips };
}
