import type { Clock } from "../../core/clock.ts";
import { unixDay } from "../../core/instant.ts";
import { openApiDocument } from "../openapi/document.ts";
import { operation } from "../operation.ts";
import type { RegisteredOperation, Route } from "../route.ts";

export interface OpenApiRouteOptions {
  readonly catalogue: readonly RegisteredOperation[];
  readonly clock: Clock;
}

/**
 * `/v1/openapi.json`: everything in `catalogue`, whenever it is registered. The document is made
 * by the first request of each day (UTC), because some examples speak of the day before.
 */
export function openApiRoute(
  route: Route,
  { catalogue, clock }: OpenApiRouteOptions,
): void {
  let made = { day: NaN, document: "" };
  route("/v1/openapi.json", {
    GET: operation({
      summary: "Show this document",
      caller: "anyone",
      success: {
        status: 200,
        description: "The OpenAPI 3.1 document of this API.",
        mediaType: "application/json",
        example: '{"openapi":"3.1.1"}',
      },
      errors: [],
      handle(c) {
        const day = unixDay(clock.now());
        if (made.day !== day) {
          made = { day, document: JSON.stringify(openApiDocument(catalogue)) };
        }
        c.header("Cache-Control", "public, max-age=300");
        return c.body(made.document, 200, { "Content-Type": "application/json" });
      },
    }),
  });
}
