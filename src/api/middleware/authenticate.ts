/**
 * Who is asking: every protected route passes here before its handler.
 *
 * @module
 */

import type { MiddlewareHandler } from "hono";
import { AccessError } from "../../core/errors.ts";
import type { OperatorDirectory } from "../../identity/operators.ts";
import type { AppEnv } from "../http.ts";

export interface AuthenticateOptions {
  readonly operators: OperatorDirectory;
}

/** One text for every reason, so that an answer does not tell which tokens exist. */
const DENIED_TEXT = "a valid bearer token is required";

/**
 * Requires an operator's bearer token. Order: 503 `bootstrap_required` while there is no superadmin,
 * then 401 `unauthenticated` without a token, `credential_invalid` or `user_disabled` with a bad one.
 */
export function authenticate({ operators }: AuthenticateOptions): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!await operators.bootstrapped()) {
      throw new AccessError("bootstrap_required", "no superadmin exists yet");
    }
    const bearer = /^Bearer (.*)$/s.exec(c.req.header("authorization") ?? "")?.[1]?.trim() ?? "";
    if (bearer === "") throw new AccessError("unauthenticated", DENIED_TEXT);
    const result = await operators.authenticate(bearer);
    if (!result.ok) throw new AccessError(result.code, DENIED_TEXT);
    c.set("operator", result.operator);
    c.set("authMethod", "bearer");
    c.set("accepted", true);
    await next();
  };
}
