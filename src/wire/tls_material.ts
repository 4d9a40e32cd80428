/**
 * The server's certificate and key: loaded when an operator supplied them, generated when there
 * are none, generated anew when the advertised host changes.
 *
 * @module
 */

import { createPrivateKey } from "node:crypto";
import { dirname, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { writeFileAtomic } from "../system/atomic_file.ts";
import { removeLeftoversOf } from "../system/leftovers.ts";
import { type Random, systemRandom } from "../system/random.ts";
import { fingerprint, leafCertificate } from "./certificate.ts";
import type { CertificatePair } from "./self_signed.ts";

/**
 * Present beside a certificate that was generated. Its content is the advertised host that the
 * certificate was made for, or nothing.
 */
const MARKER = ".portunus-autocert";

const KEY_MODE = 0o600;
const CERT_MODE = 0o644;

/** What the control listener presents. */
export interface TlsMaterial extends CertificatePair {
  /** SHA-256 of the leaf, 64 lowercase hex digits: what clients pin. */
  readonly fingerprint: string;
}

/** Where a certificate and its key are, PEM both. */
export interface TlsPaths {
  readonly certPath: string;
  readonly keyPath: string;
}

export interface TlsMaterialOptions extends TlsPaths {
  /** The host of the advertised endpoint that flag or environment gave; `null` without one. */
  readonly advertisedHost: string | null;
  /** This machine's name; subject and first name of a generated certificate. */
  readonly hostname: string;
  readonly clock: Clock;
  readonly random?: Random;
  readonly logger: Logger;
}

/**
 * Loads the pair, generating it where that is called for. Existing bundles stop working when a
 * pair is generated anew; the log says so (`tls.cert_regenerated`).
 *
 * @throws {PortunusError} `tls_material`: a key that others may read, a host that cannot be named
 * in a certificate, a pair that cannot be read or does not belong together. `detail` is the text
 * for the operator
 * @throws {Error} what the file system says
 */
export async function loadTlsMaterial(options: TlsMaterialOptions): Promise<TlsMaterial> {
  const { certPath, keyPath, clock, logger } = options;
  await removeLeftoversOf([certPath, keyPath, markerPath(certPath)], clock);
  const present = { cert: await exists(certPath), key: await exists(keyPath) };
  if (!present.cert || !present.key) return await generateMissing(options, present);

  await refuseSharedKey(keyPath);
  const pair = await readPair(options);
  const desired = options.advertisedHost ?? "";
  if (desired !== "") {
    const marker = await readMarker(certPath);
    if (marker === null) logger.warn("tls.operator_cert_in_use", { path: certPath, host: desired });
    else if (marker !== desired) return await regenerate(options, pair);
  }
  return checked(pair, options);
}

/**
 * Reads a pair that has to be there, and checks that it is fit for use.
 *
 * @throws {PortunusError} `tls_material`, as {@linkcode loadTlsMaterial} does
 * @throws {Error} what the file system says
 */
export async function checkTlsFiles(paths: TlsPaths): Promise<TlsMaterial> {
  await refuseSharedKey(paths.keyPath);
  return checked(await readPair(paths), paths);
}

/** The file whose absence led here is written last, so that a crash in between is seen as absence. */
async function generateMissing(
  options: TlsMaterialOptions,
  present: { readonly cert: boolean; readonly key: boolean },
): Promise<TlsMaterial> {
  const pair = await generate(options);
  await writeMarker(options);
  if (present.cert) {
    await writeCert(options, pair);
    await writeKey(options, pair);
  } else {
    await writeKey(options, pair);
    await writeCert(options, pair);
  }
  return withFingerprint(pair);
}

/** The marker is written last: until then the next start sees the old host and does this again. */
async function regenerate(options: TlsMaterialOptions, old: CertificatePair): Promise<TlsMaterial> {
  const { certPath, keyPath, clock, logger } = options;
  const oldFingerprint = fingerprint(old.certPem);
  const pair = await generate(options);
  const suffix = `.portunus.${Math.floor(clock.now() / 1000)}.bak`;
  await writeFileAtomic(`${keyPath}${suffix}`, old.keyPem, { mode: KEY_MODE });
  await writeFileAtomic(`${certPath}${suffix}`, old.certPem, { mode: CERT_MODE });
  await writeKey(options, pair);
  await writeCert(options, pair);
  await writeMarker(options);
  const material = withFingerprint(pair);
  logger.warn("tls.cert_regenerated", {
    host: options.advertisedHost,
    old_fingerprint: oldFingerprint,
    new_fingerprint: material.fingerprint,
  });
  return material;
}

async function generate(options: TlsMaterialOptions): Promise<CertificatePair> {
  const { hostname, advertisedHost, clock, random = systemRandom } = options;
  const names = [hostname, "localhost", "127.0.0.1", "::1"];
  if (advertisedHost !== null && advertisedHost !== "") names.push(advertisedHost);
  for (const name of names) {
    if (!/^[\x21-\x7e]+$/.test(name)) {
      throw new PortunusError("tls_material", `${JSON.stringify(name)} is not valid for SAN`);
    }
  }
  const { generateSelfSigned } = await import("./self_signed.ts");
  return await generateSelfSigned({ commonName: hostname, names, nowMs: clock.now(), random });
}

/** Checks what an operator may have mixed up, so that it fails here and not in every handshake. */
function checked(pair: CertificatePair, { certPath, keyPath }: TlsPaths): TlsMaterial {
  const leaf = leafCertificate(pair.certPem);
  let matches: boolean;
  try {
    matches = leaf.checkPrivateKey(createPrivateKey(pair.keyPem));
  } catch (cause) {
    throw new PortunusError("tls_material", `${keyPath}: no private key that can be read`, {
      cause,
    });
  }
  if (!matches) {
    throw new PortunusError("tls_material", `${keyPath} is not the key of ${certPath}`);
  }
  return withFingerprint(pair);
}

const withFingerprint = (pair: CertificatePair): TlsMaterial => ({
  ...pair,
  fingerprint: fingerprint(pair.certPem),
});

async function refuseSharedKey(keyPath: string): Promise<void> {
  const mode = ((await Deno.stat(keyPath)).mode ?? 0) & 0o777;
  if ((mode & 0o077) !== 0) {
    const octal = mode.toString(8).padStart(4, "0");
    throw new PortunusError(
      "tls_material",
      `${keyPath} has mode ${octal}, refuse to start (must be ≤ 0600)`,
    );
  }
}

async function readPair({ certPath, keyPath }: TlsPaths): Promise<CertificatePair> {
  return {
    certPem: await Deno.readTextFile(certPath),
    keyPem: await Deno.readTextFile(keyPath),
  };
}

const writeKey = ({ keyPath }: TlsMaterialOptions, { keyPem }: CertificatePair): Promise<void> =>
  writeFileAtomic(keyPath, keyPem, { mode: KEY_MODE, createParents: true });

const writeCert = ({ certPath }: TlsMaterialOptions, { certPem }: CertificatePair): Promise<void> =>
  writeFileAtomic(certPath, certPem, { mode: CERT_MODE, createParents: true });

const markerPath = (certPath: string): string => join(dirname(certPath), MARKER);

const writeMarker = ({ certPath, advertisedHost }: TlsMaterialOptions): Promise<void> =>
  writeFileAtomic(markerPath(certPath), advertisedHost ?? "", { createParents: true });

async function readMarker(certPath: string): Promise<string | null> {
  try {
    return (await Deno.readTextFile(markerPath(certPath))).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
