/**
 * Whether a request that carries a session cookie comes from our own pages.
 *
 * @module
 */

import { AccessError, type ErrorCode } from "../core/errors.ts";

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Media types that other pages may not send without a preflight. */
const OWN_TYPES: ReadonlySet<string> = new Set(["application/json", "application/octet-stream"]);

/** Where our own pages send forms; the header that no form can send proves them there. */
const TAKES_FORMS = /^\/v1\/sites\/[^/]+\/files$/;

/**
 * Lets a request pass only if a page of ours sent it. Reading needs no proof. Everything else needs
 * the `Origin` that browsers send, a header that no form can send, and a media type that other
 * pages may not send without a preflight, which is never granted.
 *
 * @param publicOrigin where the Web UI is reached; `null` for wherever `Host` says
 * @throws {AccessError} `csrf_origin_required`, `csrf_origin_mismatch`, `csrf_header_required`,
 * `csrf_content_type_required`, in this order
 */
export function requireOwnPage(request: Request, publicOrigin: string | null): void {
  const problem = csrfProblem(request, publicOrigin);
  if (problem !== null) throw new AccessError(problem, "csrf verification failed");
}

function csrfProblem(
  { method, headers, url }: Request,
  publicOrigin: string | null,
): ErrorCode | null {
  if (SAFE_METHODS.has(method)) return null;
  const origin = headers.get("origin");
  if (origin === null) return "csrf_origin_required";
  const matches = publicOrigin === null
    ? isSameHost(origin, headers.get("host"))
    : origin === publicOrigin;
  if (!matches) return "csrf_origin_mismatch";
  if (headers.get("x-portunus-csrf") !== "1") return "csrf_header_required";
  if (!hasBody(headers) || OWN_TYPES.has(mediaType(headers))) return null;
  const isForm = mediaType(headers) === "multipart/form-data";
  return isForm && TAKES_FORMS.test(new URL(url).pathname) ? null : "csrf_content_type_required";
}

function isSameHost(origin: string, host: string | null): boolean {
  return host !== null && [`http://${host}`, `https://${host}`].includes(origin);
}

function hasBody(headers: Headers): boolean {
  return Number(headers.get("content-length") ?? 0) > 0 || headers.has("transfer-encoding");
}

function mediaType(headers: Headers): string {
  const [type = ""] = (headers.get("content-type") ?? "").split(";");
  return type.trim().toLowerCase();
}
