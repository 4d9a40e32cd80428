/**
 * The credential bundle: the file a client keeps after enrollment and connects with.
 *
 * @module
 */

import { parsePin, parseUlid } from "./ids.ts";

/** The only version there is. */
export const BUNDLE_VERSION = 1;

export interface Bundle {
  readonly version: typeof BUNDLE_VERSION;
  /** Display name when the client enrolled; the server may have renamed it since. */
  readonly clientName: string;
  /** ULID; `null` in bundles of servers that had none. */
  readonly clientId: string | null;
  /** `host:port` to dial. */
  readonly serverEndpoint: string;
  /** SHA-256 of the server's certificate (DER) as 64 lower-case hex digits. */
  readonly serverCertSha256: string;
  /** The client's secret. */
  readonly token: string;
}

/** A bundle that cannot be used. The message never quotes the text, which holds the token. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/** A bundle's members as a file or a server gives them. */
export interface BundleFields {
  readonly version: unknown;
  readonly clientName: unknown;
  readonly clientId: unknown;
  readonly serverEndpoint: unknown;
  readonly serverCertSha256: unknown;
  readonly token: unknown;
}

/**
 * A bundle from its unchecked members. An absent, `null` or empty id means that there is none.
 *
 * @throws {BundleError}
 */
export function checkBundle(fields: BundleFields): Bundle {
  if (fields.version !== BUNDLE_VERSION) {
    throw new BundleError(`unsupported bundle version: ${String(fields.version)}`);
  }
  const serverCertSha256 = parsePin(text(fields.serverCertSha256, "server_cert_sha256"));
  if (serverCertSha256 === null) {
    throw new BundleError("malformed server_cert_sha256: must be 64 hex digits");
  }
  const token = text(fields.token, "token");
  if (!/^[\x21-\x7e]+$/.test(token)) throw new BundleError("malformed token");
  return {
    version: BUNDLE_VERSION,
    clientName: text(fields.clientName, "client_name"),
    clientId: optionalId(fields.clientId),
    serverEndpoint: text(fields.serverEndpoint, "server_endpoint"),
    serverCertSha256,
    token,
  };
}

/**
 * Reads a bundle file. Unknown members are ignored: older servers wrote more of them.
 *
 * @throws {BundleError}
 */
export function parseBundle(json: string): Bundle {
  const members = parseObject(json);
  return checkBundle({
    version: members.version === undefined ? BUNDLE_VERSION : members.version,
    clientName: members.client_name,
    clientId: members.client_id,
    serverEndpoint: members.server_endpoint,
    serverCertSha256: members.server_cert_sha256,
    token: members.token,
  });
}

/** The file's text: JSON with 2-space indent, members in a fixed order, no newline at the end. */
export function formatBundle(bundle: Bundle): string {
  const members = {
    version: bundle.version,
    client_name: bundle.clientName,
    client_id: bundle.clientId ?? undefined,
    server_endpoint: bundle.serverEndpoint,
    server_cert_sha256: bundle.serverCertSha256,
    token: bundle.token,
  };
  return JSON.stringify(members, null, 2);
}

function parseObject(json: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The cause is dropped: a SyntaxError quotes the text around the mistake.
    throw new BundleError("not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BundleError("not a JSON object");
  }
  return value as Record<string, unknown>;
}

function text(value: unknown, name: string): string {
  if (value === undefined) throw new BundleError(`missing field ${name}`);
  if (typeof value !== "string") throw new BundleError(`field ${name} must be a string`);
  if (value === "") throw new BundleError(`field ${name} must not be empty`);
  return value;
}

function optionalId(value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  const id = parseUlid(text(value, "client_id"));
  if (id === null) throw new BundleError("malformed client_id: must be a ULID");
  return id;
}
