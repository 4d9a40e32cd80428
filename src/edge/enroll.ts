/**
 * Turns a one-time enrollment URI into a credential bundle on disk.
 *
 * @module
 */

import { type Bundle, checkBundle, formatBundle } from "../core/bundle.ts";
import { EnrollmentUriError, parseEnrollmentUri } from "../core/enrollment_uri.ts";
import { clientNameProblem } from "../core/ids.ts";
import { writeFileAtomic } from "../system/atomic_file.ts";
import { redeemEnrollment, RpcError } from "../wire/control_client.ts";
import { WireError } from "../wire/streams.ts";

/** Why an enrollment failed; the message names the step, as scripts expect it. */
export class EnrollError extends Error {
  override readonly name = "EnrollError";
}

/**
 * Redeems `uri` once and writes the bundle to `path` (0600, atomically, parents created).
 *
 * @throws {EnrollError} whatever goes wrong; a bundle at `path` is then what it was before
 */
export async function enroll(uri: string, path: string): Promise<Bundle> {
  const { endpoint, pin, code } = readUri(uri);
  const issued = await redeem({ endpoint, pin, code });
  const nameProblem = clientNameProblem(issued.clientName);
  if (nameProblem !== null) throw new EnrollError(`client name: ${nameProblem}`);
  const bundle = readMaterial(issued);
  try {
    await writeFileAtomic(path, formatBundle(bundle), { mode: 0o600, createParents: true });
  } catch (cause) {
    throw new EnrollError(`write credential bundle: ${textOf(cause)}`, { cause });
  }
  return bundle;
}

function readUri(uri: string) {
  try {
    return parseEnrollmentUri(uri);
  } catch (cause) {
    if (!(cause instanceof EnrollmentUriError)) throw cause;
    throw new EnrollError(`enrollment URI: ${cause.message}`, { cause });
  }
}

async function redeem(options: { endpoint: string; pin: string; code: string }) {
  try {
    return await redeemEnrollment({ ...options, signal: AbortSignal.timeout(30_000) });
  } catch (cause) {
    if (cause instanceof RpcError) throw new EnrollError(`rpc: ${cause.message}`, { cause });
    if (!(cause instanceof WireError)) throw cause;
    const text = cause.message.startsWith("transport: ")
      ? cause.message
      : `transport: ${cause.message}`;
    throw new EnrollError(text, { cause });
  }
}

function readMaterial(issued: Awaited<ReturnType<typeof redeem>>): Bundle {
  try {
    return checkBundle({
      version: issued.version,
      clientName: issued.clientName,
      clientId: issued.clientId === "" ? null : issued.clientId,
      serverEndpoint: issued.serverEndpoint,
      serverCertSha256: issued.serverCertSha256,
      token: issued.token,
    });
  } catch (cause) {
    throw new EnrollError(`enrollment material: ${textOf(cause)}`, { cause });
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
