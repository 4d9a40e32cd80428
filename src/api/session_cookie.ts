/**
 * The cookie of a Web session.
 *
 * @module
 */

import { WEB_SESSION } from "../core/limits.ts";
import type { AppContext } from "./http.ts";

const NAME = "portunus_session";

/**
 * The secret in a request's session cookie, `null` without one. A cookie with an empty value is a
 * session cookie all the same.
 */
export function sessionSecret(c: AppContext): string | null {
  for (const pair of (c.req.header("cookie") ?? "").split(";")) {
    const [name = "", ...value] = pair.trim().split("=");
    if (name === NAME && value.length > 0) return value.join("=");
  }
  return null;
}

/** `Set-Cookie` for a new session. Browsers give it back over HTTPS only if `secure`. */
export function sessionCookie(secret: string, secure: boolean): string {
  return cookie(secret, WEB_SESSION.absoluteSecs, secure);
}

/** `Set-Cookie` that makes the browser forget a session. */
export function clearedSessionCookie(secure: boolean): string {
  return cookie("", 0, secure);
}

function cookie(value: string, maxAgeSecs: number, secure: boolean): string {
  return `${NAME}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSecs}` +
    (secure ? "; Secure" : "");
}
