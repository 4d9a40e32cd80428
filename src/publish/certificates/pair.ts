/**
 * A certificate chain and its key, read and checked.
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";

/** PEM both. */
export interface PemPair {
  /** The chain, leaf first. */
  readonly certPem: string;
  readonly keyPem: string;
}

/** A pair that belongs together. Times are milliseconds since the Unix epoch. */
export interface CheckedPair extends PemPair {
  readonly notBefore: number;
  readonly notAfter: number;
  /** The DNS names of the leaf, in lower case; `*.example.com` for a wildcard. */
  readonly names: readonly string[];
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/;

/** @throws {Error} what is wrong with the pair, without a part of the key */
export function checkPair({ certPem, keyPem }: PemPair): CheckedPair {
  const block = BLOCK.exec(certPem)?.[0];
  if (block === undefined) throw new Error("no CERTIFICATE block in PEM");
  const leaf = decoded("the CERTIFICATE block", () => new X509Certificate(block));
  const key = decoded("the private key", () => createPrivateKey(keyPem));
  if (!leaf.checkPrivateKey(key)) throw new Error("the key is not that of the certificate");
  const names = leaf.subjectAltName?.split(", ").flatMap((entry) =>
    entry.startsWith("DNS:") ? [entry.slice("DNS:".length).toLowerCase()] : []
  );
  return {
    certPem,
    keyPem,
    notBefore: Date.parse(leaf.validFrom),
    notAfter: Date.parse(leaf.validTo),
    names: names ?? [],
  };
}

/** What a library says of a key may hold a part of it, so only that it failed is told. */
function decoded<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch {
    throw new Error(`${what} cannot be read`);
  }
}
