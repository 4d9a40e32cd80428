/**
 * Who is asking: every protected route passes here first.
 *
 * @module
 */

import type { MiddlewareHandler } from "hono";
import { AccessError } from "../../core/errors.ts";
import type { OperatorDirectory } from "../../identity/operators.ts";
import type { WebSessions } from "../../identity/web_sessions.ts";
import { requireOwnPage } from "../csrf.ts";
import type { AppContext, AppEnv } from "../http.ts";
import { sessionSecret } from "../session_cookie.ts";

export interface AuthenticateOptions {
  readonly operators: OperatorDirectory;
  readonly sessions: WebSessions;
  /** Where the Web UI is reached, if that was configured. */
  readonly publicOrigin: () => string | null;
}

/** One text for every reason, so that an answer does not tell which tokens exist. */
export const DENIED_TEXT = "a valid session or bearer token is required";

/** All that a session is good for while its password must be changed. */
const CHANGING_PASSWORD = ["GET /v1/users/me", "POST /v1/users/me/password"];

/**
 * Requires an operator. Order: 503 `bootstrap_required` while there is no superadmin; the session
 * cookie or, only without one, the bearer token: 401 `unauthenticated`, `credential_invalid`,
 * `user_disabled`; for sessions 403 `csrf_*`, then 403 `password_change_required`.
 */
export function authenticate(options: AuthenticateOptions): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!await options.operators.bootstrapped()) {
      throw new AccessError("bootstrap_required", "no superadmin exists yet");
    }
    const secret = sessionSecret(c);
    if (secret === null) await useBearer(c, options.operators);
    else await useSession(c, secret, options);
    c.set("accepted", true);
    await next();
  };
}

async function useBearer(c: AppContext, operators: OperatorDirectory): Promise<void> {
  const bearer = /^Bearer (.*)$/s.exec(c.req.header("authorization") ?? "")?.[1]?.trim() ?? "";
  if (bearer === "") throw new AccessError("unauthenticated", DENIED_TEXT);
  const result = await operators.authenticate(bearer);
  if (!result.ok) throw new AccessError(result.code, DENIED_TEXT);
  c.set("operator", result.operator);
  c.set("authMethod", "bearer");
}

/** Sessions are used by browsers, which can be made to send what their user did not ask for. */
async function useSession(
  c: AppContext,
  secret: string,
  { sessions, publicOrigin }: AuthenticateOptions,
): Promise<void> {
  const result = await sessions.authenticate(secret);
  if (!result.ok) throw new AccessError(result.code, DENIED_TEXT);
  c.set("operator", result.operator);
  c.set("authMethod", "cookie");
  requireOwnPage(c.req.raw, publicOrigin());
  if (
    result.passwordChangeRequired && !CHANGING_PASSWORD.includes(`${c.req.method} ${c.req.path}`)
  ) {
    throw new AccessError("password_change_required", "the password must be changed first");
  }
}
