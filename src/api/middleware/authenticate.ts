/**
 * Who is asking: every protected route passes here first.
 *
 * @module
 */

import type { MiddlewareHandler } from "hono";
import { AccessError, type ErrorCode } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { OperatorDirectory } from "../../identity/operators.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { AppEnv } from "../http.ts";

export interface AuthenticateOptions {
  readonly operators: OperatorDirectory;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** One text for every reason, so that an answer does not tell which tokens exist. */
const DENIED_TEXT = "a valid bearer token is required";

/**
 * Requires an operator's bearer token. Order: 503 `bootstrap_required` while there is no superadmin,
 * then 401 `unauthenticated` without a token, `credential_invalid` or `user_disabled` with a bad one.
 */
export function authenticate(
  { operators, logger, metrics }: AuthenticateOptions,
): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const request = { method: c.req.method, path: c.req.path };
    const deny = (code: ErrorCode, text: string): AccessError => {
      metrics.operatorRequest("deny", code);
      logger.warn("operator.deny", {
        actor: "_anonymous",
        ...request,
        outcome: "deny",
        reason: code,
      });
      return new AccessError(code, text);
    };
    if (!await operators.bootstrapped()) {
      throw deny("bootstrap_required", "no superadmin exists yet");
    }
    const bearer = /^Bearer (.*)$/s.exec(c.req.header("authorization") ?? "")?.[1]?.trim() ?? "";
    if (bearer === "") throw deny("unauthenticated", DENIED_TEXT);
    const result = await operators.authenticate(bearer);
    if (!result.ok) throw deny(result.code, DENIED_TEXT);

    metrics.operatorRequest("allow", "ok");
    logger.info("operator.allow", {
      actor: result.operator.userId,
      role: result.operator.role === "superadmin" ? "Superadmin" : "User",
      ...request,
      outcome: "allow",
      auth_method: "bearer",
    });
    c.set("operator", result.operator);
    await next();
  };
}
