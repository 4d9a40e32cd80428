/**
 * Routes of what there is only with `[publish]` in `server.toml`.
 *
 * @module
 */

import { PortunusError } from "../core/errors.ts";
import type { Publish } from "../publish/publish.ts";
import type { Operation } from "./operation.ts";
import type { Route } from "./route.ts";

export interface PublishingOptions {
  /** `null` without `[publish]`. */
  readonly publish: Publish | null;
}

/** What a group of such routes is made with. */
export interface PublishingRoutes {
  /** As the route it was made of; without publishing all it registers answers `publish_disabled`. */
  readonly route: Route;
  /** For handlers. @throws {PortunusError} `publish_disabled` */
  readonly services: () => Publish;
}

/** The one guard of every route that publishing adds. */
export function publishing(route: Route, { publish }: PublishingOptions): PublishingRoutes {
  const disabled = () => {
    throw new PortunusError("publish_disabled");
  };
  const guard = ({ doc, handle }: Operation): Operation => ({
    doc: { ...doc, errors: [...doc.errors, "publish_disabled"] },
    handle: publish === null ? disabled : handle,
  });
  return {
    route: (path, operations) =>
      route(
        path,
        Object.fromEntries(
          Object.entries(operations).map(([method, operation]) => [method, guard(operation)]),
        ),
      ),
    services: () => publish ?? disabled(),
  };
}
