/**
 * Making the server's own certificate. Imported only when one is made: the libraries are large.
 *
 * @module
 */

// First: @peculiar/x509 registers its types in it while it is loaded.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { isIp } from "../core/ip.ts";
import type { Random } from "../system/random.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

/** Days until a generated certificate expires. Clients pin it and do not look. */
const VALIDITY_DAYS = 3650;

/** A certificate and its key, PEM; the key is PKCS#8. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

/**
 * A self-signed P-256 leaf (no CA) for `commonName`, good for `names`, each of which is a host
 * name or an IP address. Valid from `nowMs`.
 */
export async function generateSelfSigned(options: {
  readonly commonName: string;
  readonly names: readonly string[];
  readonly nowMs: number;
  readonly random: Random;
}): Promise<CertificatePair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(options.random),
    name: new x509.Name([{ CN: [options.commonName] }]).toString(),
    notBefore: new Date(options.nowMs),
    notAfter: new Date(options.nowMs + VALIDITY_DAYS * DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.SubjectAlternativeNameExtension([...new Set(options.names)].map(generalName)),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certPem: `${certificate.toString("pem")}\n`,
    keyPem: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n`,
  };
}

function generalName(value: string): { type: "dns" | "ip"; value: string } {
  return { type: isIp(value) ? "ip" : "dns", value };
}

/** 16 random octets as hex, positive and without leading zeros (RFC 5280 §4.1.2.2). */
function serialNumber(random: Random): string {
  const bytes = random.bytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toHex();
}
