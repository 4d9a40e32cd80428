/**
 * Routes without authentication: whether the server is alive, and what it is.
 *
 * @module
 */

import { z } from "zod";
import { VERSION } from "../../core/version.ts";
import type { BackendProbe } from "../../identity/backend_status.ts";
import type { OperatorDirectory } from "../../identity/operators.ts";
import { type AppContext, sendJson } from "../http.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";

export interface SystemRoutesOptions {
  readonly operators: OperatorDirectory;
  /** Throws when the store cannot be read. */
  readonly checkStore: () => void;
  readonly backend: BackendProbe;
}

const OkView = z.object({ status: z.literal("ok") });
const ok = { status: 200, view: OkView, example: { status: "ok" } } as const;

export function systemRoutes(
  route: Route,
  options: SystemRoutesOptions,
): void {
  const { operators } = options;
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
      description: "503 with `status: unavailable` while the store cannot be read, or the " +
        "database of shared accounts cannot be reached. `identity: stale` while their replica " +
        "cannot be brought up to date.",
      caller: "anyone",
      success: {
        status: 200,
        description: "It can.",
        mediaType: "application/json",
        example: '{"status":"ok"}',
      },
      errors: [],
      handle: (c) => readiness(c, options),
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

async function readiness(
  c: AppContext,
  { checkStore, backend }: Pick<SystemRoutesOptions, "checkStore" | "backend">,
): Promise<Response> {
  try {
    checkStore();
  } catch {
    return sendJson(c, { status: "unavailable", store: "error" }, 503);
  }
  const { reachable, replica } = await backend.status();
  if (replica === null && !reachable) {
    return sendJson(c, { status: "unavailable", identity: "error" }, 503);
  }
  const stale = replica !== null && (replica.failing || !reachable);
  return sendJson(c, { status: "ok", ...(stale ? { identity: "stale" } : {}) });
}
