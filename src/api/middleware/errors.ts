/**
 * The one place that turns errors into HTTP answers.
 *
 * @module
 */

import type { ErrorHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { httpStatus, PortunusError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { StoreError } from "../../store/database.ts";
import { type AppContext, type AppEnv, DecodeError, sendJson } from "../http.ts";

/** Answers with the error envelope. */
export function sendError(c: AppContext, error: PortunusError): Response {
  const status = httpStatus(error.code) as ContentfulStatusCode;
  return sendJson(c, { error: { code: error.code, message: error.message } }, status);
}

/** `newErrorId` makes the id that ties the answer to the log line of an unexpected error. */
export function errorHandler(logger: Logger, newErrorId: () => string): ErrorHandler<AppEnv> {
  return (error, c) => {
    const failure = [error, error.cause].find((it) => it instanceof StoreError);
    if (failure) logger.warn("operator.store_error", { error: failure.message });
    if (error instanceof PortunusError) return sendError(c, error);
    if (error instanceof DecodeError) {
      return c.body(error.message, error.status, { "Content-Type": "text/plain; charset=utf-8" });
    }
    if (error instanceof StoreError) return sendError(c, new PortunusError("store_error"));
    const errorId = newErrorId();
    logger.error("operator.internal_error", {
      error_id: errorId,
      method: c.req.method,
      path: c.req.path,
      error: error.stack ?? error.message,
    });
    return sendError(c, new PortunusError("internal", `unexpected error ${errorId}`));
  };
}
