/**
 * What browsers are told about every answer, of the Web UI and of the API.
 *
 * @module
 */

import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { AppEnv } from "../http.ts";

export interface SecurityHeadersOptions {
  /** Where the Web UI is reached, if that was configured. */
  readonly publicOrigin: () => string | null;
  /** Whether operators come over TLS. @default when the public origin is https */
  readonly isSecure?: () => boolean;
}

const HEADERS = {
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
  referrerPolicy: "no-referrer",
  xContentTypeOptions: true,
  xFrameOptions: "DENY",
  crossOriginOpenerPolicy: true,
  crossOriginResourcePolicy: true,
  xXssProtection: false,
  xDownloadOptions: false,
  xDnsPrefetchControl: false,
  xPermittedCrossDomainPolicies: false,
  originAgentCluster: false,
} satisfies Parameters<typeof secureHeaders>[0];

/** A year: what lists of hosts that are only reached over TLS ask for. */
const STRICT_TRANSPORT_SECURITY = "max-age=31536000";

/**
 * No scripts but our own, no frames, no guessing of types, no referrer; and no plain HTTP again
 * where the public origin is https. Answers of the API are not kept by caches unless they say so.
 */
export function securityHeaders(
  { publicOrigin, isSecure }: SecurityHeadersOptions,
): MiddlewareHandler<AppEnv> {
  const plain = secureHeaders({ ...HEADERS, strictTransportSecurity: false });
  const strict = secureHeaders({
    ...HEADERS,
    strictTransportSecurity: STRICT_TRANSPORT_SECURITY,
  });
  return async (c, next) => {
    const isStrict = isSecure?.() ?? publicOrigin()?.startsWith("https://");
    const set = isStrict ? strict : plain;
    await set(c, next);
    if (c.req.path.startsWith("/v1/") && !c.res.headers.has("Cache-Control")) {
      c.res.headers.set("Cache-Control", "no-store");
    }
  };
}
