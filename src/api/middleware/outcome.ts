/**
 * What became of a request: the one place that decides between `allow` and `deny`, once the
 * handler has spoken, and tells log, metrics and audit trail the same.
 *
 * A request is denied when authentication did not let it in, when a handler forbids it (403), and
 * when it wanted to change something and was refused (any other 4xx). A failure (5xx) of an
 * accepted request is no refusal: part of it may have happened.
 *
 * @module
 */

import type { MiddlewareHandler } from "hono";
import type { AuditLog } from "../../audit/trail.ts";
import { PortunusError } from "../../core/errors.ts";
import { AUDIT } from "../../core/limits.ts";
import type { Logger } from "../../core/log.ts";
import type { Operator } from "../../identity/operators.ts";
import { StoreError } from "../../store/database.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { AppContext, AppEnv } from "../http.ts";

export interface OutcomeOptions {
  readonly trail: AuditLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The actor of a request whose sender is not known. */
const ANONYMOUS = "_anonymous";

const MUTATING: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** Reasons of refusals that are answered without a code of the catalogue. */
const REASON_OF_STATUS: ReadonlyMap<number, string> = new Map([
  [400, "bad_request"],
  [405, "method_not_allowed"],
  [408, "request_timeout"],
  [413, "payload_too_large"],
  [415, "unsupported_media_type"],
  [422, "unprocessable_content"],
]);

/** Goes before authentication, so that it sees who was not let in, too. */
export function recordOutcome(
  { trail, logger, metrics }: OutcomeOptions,
): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    const operator: Operator | undefined = c.get("operator");
    const { userId: actor = ANONYMOUS, role = null } = operator ?? {};
    const authMethod = c.get("authMethod");
    const { method } = c.req;
    const path = pathOf(c);
    const reason = denialOf(c);
    const outcome = reason === null ? "allow" : "deny";

    metrics.operatorRequest(outcome, reason ?? "ok");
    const line = {
      actor,
      method,
      path,
      outcome,
      ...(authMethod === undefined ? {} : { auth_method: authMethod }),
    };
    if (reason === null) {
      logger.info("operator.allow", { ...line, role: role === "user" ? "User" : "Superadmin" });
    } else {
      logger.warn("operator.deny", { ...line, reason });
    }
    if (reason !== null || MUTATING.has(method)) {
      trail.record({ actor, role, outcome, reason, action: `${method} ${path}` });
    }
  };
}

/** The path as it was sent, without the query, which may say anything. */
function pathOf(c: AppContext): string {
  const { pathname } = new URL(c.req.url);
  return pathname.length <= AUDIT.pathMaxChars
    ? pathname
    : `${pathname.slice(0, AUDIT.pathMaxChars)}…`;
}

/** Why the request was denied; `null` when it was not. */
function denialOf(c: AppContext): string | null {
  const { status } = c.res;
  const denied = !c.get("accepted") || status === 403 ||
    (MUTATING.has(c.req.method) && status >= 400 && status < 500);
  return denied ? c.get("denyReason") ?? reasonOf(c) : null;
}

function reasonOf(c: AppContext): string {
  if (c.error instanceof PortunusError) return c.error.code;
  if (c.error instanceof StoreError) return "store_error";
  return REASON_OF_STATUS.get(c.res.status) ?? "internal";
}
