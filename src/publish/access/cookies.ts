/**
 * The gate's own cookies on a protected host. `__Host-` ties a cookie to exactly that host, over
 * TLS (RFC 6265bis §4.1.3.2): no other host, not even a subdomain, can read or plant one.
 *
 * @module
 */

/** Who somebody is on this host. */
export const SITE_COOKIE = "__Host-portunus_site";
/** Ties a login to the browser that began it. */
export const LOGIN_COOKIE = "__Host-portunus_login";

const OWN: ReadonlySet<string> = new Set([SITE_COOKIE, LOGIN_COOKIE]);

const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax";

/** The value of a cookie in a `Cookie` header; `null` without one. */
export function cookieValue(header: string | null, name: string): string | null {
  const pair = pairsOf(header).find((it) => nameOf(it) === name);
  return pair === undefined ? null : pair.slice(name.length + 1);
}

/** The header without the gate's cookies; `null` when nothing is left. */
export function foreignCookies(header: string | null): string | null {
  const pairs = pairsOf(header).filter((it) => !OWN.has(nameOf(it)));
  return pairs.length === 0 ? null : pairs.join("; ");
}

/** A `Set-Cookie` header; with 0 seconds it makes the browser forget. */
export function setCookie(name: string, value: string, maxAgeSecs: number): string {
  return `${name}=${value}; ${ATTRIBUTES}; Max-Age=${maxAgeSecs}`;
}

const pairsOf = (header: string | null): string[] =>
  (header ?? "").split(";").map((it) => it.trim()).filter((it) => it !== "");

const nameOf = (pair: string): string => pair.split("=", 1)[0] ?? "";
