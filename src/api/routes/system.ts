/**
 * Routes without authentication: whether the server is alive, and what it is.
 *
 * @module
 */

import { VERSION } from "../../core/version.ts";
import type { OperatorDirectory } from "../../identity/operators.ts";
import { type Route, sendJson } from "../http.ts";

export interface SystemRoutesOptions {
  readonly operators: OperatorDirectory;
  /** Throws when the store cannot be read. */
  readonly checkStore: () => void;
}

/** `/healthz`, `/readyz`, `/v1/auth/status`, `/v1/version`. */
export function systemRoutes(
  route: Route,
  { operators, checkStore }: SystemRoutesOptions,
): void {
  route("/healthz", { GET: (c) => sendJson(c, { status: "ok" }) });
  route("/readyz", {
    GET(c) {
      try {
        checkStore();
        return sendJson(c, { status: "ok" });
      } catch {
        return sendJson(c, { status: "unavailable", store: "error" }, 503);
      }
    },
  });
  route("/v1/auth/status", {
    GET: async (c) => sendJson(c, { onboarding_required: !await operators.bootstrapped() }),
  });
  route("/v1/version", { GET: (c) => sendJson(c, { version: VERSION }) });
}
