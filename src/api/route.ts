/**
 * How operations get their paths: one registration per path, a catalogue of all, 405 with `Allow`
 * for the methods that a known path does not have.
 *
 * @module
 */

import type { Hono, MiddlewareHandler } from "hono";
import type { AppEnv } from "./http.ts";
import type { Operation } from "./operation.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** An operation and where it is. */
export interface RegisteredOperation {
  readonly method: Method;
  /** In Hono's notation: `/v1/rules/:rule_id`. */
  readonly path: string;
  readonly operation: Operation;
  /** Whether requests pass the authentication first. */
  readonly guarded: boolean;
}

/** Registers the operations of one path, and 405 with `Allow` for every other method. */
export type Route = (path: string, operations: Partial<Record<Method, Operation>>) => void;

/**
 * A {@linkcode Route} on `app` that enters what it registers into `catalogue`; requests pass
 * `guards` first, those answered with 405 too.
 */
export function routesOn(
  app: Hono<AppEnv>,
  catalogue: RegisteredOperation[],
  ...guards: readonly MiddlewareHandler<AppEnv>[]
): Route {
  return (path, operations) => {
    for (const guard of guards) app.use(path, guard);
    const entries = Object.entries(operations) as [Method, Operation][];
    for (const [method, operation] of entries) {
      app.on(method, path, operation.handle);
      catalogue.push({ method, path, operation, guarded: guards.length > 0 });
    }
    const allow = entries.flatMap(([method]) => method === "GET" ? ["GET", "HEAD"] : [method]);
    app.all(path, (c) => c.body(null, 405, { Allow: allow.join(",") }));
  };
}
