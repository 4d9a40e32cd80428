/**
 * Enrollment URIs: where a new client enrolls, what certificate it must see there, and the
 * one-time code it shows.
 *
 *     portunus://<host:port>/enroll?pin=sha256:<64 hex digits>&code=<code>
 *
 * @module
 */

import { parsePin } from "./ids.ts";

const SCHEME = "portunus://";
const PATH = "/enroll";
const PIN_ALGORITHM = "sha256:";

export interface Enrollment {
  /** `host:port` of the control plane. */
  readonly endpoint: string;
  /** SHA-256 of the server's certificate (DER) as 64 lower-case hex digits. */
  readonly pin: string;
  /** A secret that is good for one use. */
  readonly code: string;
}

/** A text that is no enrollment URI. The message never quotes the text, which may hold a code. */
export class EnrollmentUriError extends Error {
  override readonly name = "EnrollmentUriError";
}

/** The URI that {@linkcode parseEnrollmentUri} reads back. */
export function formatEnrollmentUri({ endpoint, pin, code }: Enrollment): string {
  return `${SCHEME}${endpoint}${PATH}?pin=${PIN_ALGORITHM}${pin}&code=${code}`;
}

/** The command that an operator gives to whoever sets up the client. */
export function enrollCommand(uri: string): string {
  return `portunus-client enroll '${uri}'`;
}

/**
 * Reads an enrollment URI. Nothing is percent-decoded, unknown members of the query are ignored,
 * and of a repeated member the last one counts.
 *
 * @throws {EnrollmentUriError}
 */
export function parseEnrollmentUri(uri: string): Enrollment {
  if (!uri.startsWith(SCHEME)) throw new EnrollmentUriError("bad enrollment URI scheme");
  const rest = uri.slice(SCHEME.length);
  const mark = rest.indexOf("?");
  if (mark < 0) throw new EnrollmentUriError("missing enrollment URI query");
  const endpoint = parseEndpoint(rest.slice(0, mark));
  const { pin, code } = parseQuery(rest.slice(mark + 1));
  if (pin === undefined) throw new EnrollmentUriError("missing enrollment URI field: pin");
  if (code === undefined) throw new EnrollmentUriError("missing enrollment URI field: code");
  return { endpoint, pin, code };
}

function parseEndpoint(text: string): string {
  if (!text.endsWith(PATH)) throw new EnrollmentUriError("bad enrollment URI path");
  const endpoint = text.slice(0, -PATH.length);
  if (endpoint === "") throw new EnrollmentUriError("missing enrollment URI field: endpoint");
  if (endpoint.includes("/")) throw new EnrollmentUriError("bad enrollment URI path");
  return endpoint;
}

function parseQuery(query: string): { pin?: string; code?: string } {
  const fields: { pin?: string; code?: string } = {};
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    if (equals < 0) throw new EnrollmentUriError("malformed enrollment URI query pair");
    const value = pair.slice(equals + 1);
    switch (pair.slice(0, equals)) {
      case "pin": {
        const pin = value.startsWith(PIN_ALGORITHM)
          ? parsePin(value.slice(PIN_ALGORITHM.length))
          : null;
        if (pin === null) throw new EnrollmentUriError("bad enrollment URI pin");
        fields.pin = pin;
        break;
      }
      case "code":
        if (value === "") throw new EnrollmentUriError("missing enrollment URI field: code");
        fields.code = value;
        break;
    }
  }
  return fields;
}
