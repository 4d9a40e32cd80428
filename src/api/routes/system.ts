/**
 * Routes without authentication: whether the server is alive, and what it is.
 *
 * @module
 */

import { z } from "zod";
import { VERSION } from "../../core/version.ts";
import type { OperatorDirectory } from "../../identity/operators.ts";
import { sendJson } from "../http.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";

export interface SystemRoutesOptions {
  readonly operators: OperatorDirectory;
  /** Throws when the store cannot be read. */
  readonly checkStore: () => void;
}

const OkView = z.object({ status: z.literal("ok") });
const ok = { status: 200, view: OkView, example: { status: "ok" } } as const;

export function systemRoutes(
  route: Route,
  { operators, checkStore }: SystemRoutesOptions,
): void {
  route("/healthz", {
    GET: operation({
      summary: "Ask whether the server answers",
      caller: "anyone",
      success: { ...ok, description: "It does." },
      errors: [],
      handle: () => ({ status: "ok" as const }),
    }),
  });

  route("/readyz", {
    GET: operation({
      summary: "Ask whether the server can do its work",
      description: "503 with `status: unavailable` while the store cannot be read.",
      caller: "anyone",
      success: {
        status: 200,
        description: "It can.",
        mediaType: "application/json",
        example: '{"status":"ok"}',
      },
      errors: [],
      handle(c) {
        try {
          checkStore();
          return sendJson(c, { status: "ok" });
        } catch {
          return sendJson(c, { status: "unavailable", store: "error" }, 503);
        }
      },
    }),
  });

  route("/v1/auth/status", {
    GET: operation({
      summary: "Ask whether the first superadmin is still to be created",
      caller: "anyone",
      success: {
        status: 200,
        description: "Whether onboarding is open.",
        view: z.object({ onboarding_required: z.boolean() }),
        example: { onboarding_required: false },
      },
      errors: [],
      storeFailure: "internal",
      handle: async () => ({ onboarding_required: !await operators.bootstrapped() }),
    }),
  });

  route("/v1/version", {
    GET: operation({
      summary: "Show the version of the server",
      caller: "anyone",
      success: {
        status: 200,
        description: "The version.",
        view: z.object({ version: z.string() }),
        example: { version: VERSION },
      },
      errors: [],
      handle: () => ({ version: VERSION }),
    }),
  });
}
