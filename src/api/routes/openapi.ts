import { openApiDocument } from "../openapi/document.ts";
import { operation } from "../operation.ts";
import type { RegisteredOperation, Route } from "../route.ts";

/**
 * `/v1/openapi.json`: everything in `catalogue`, whenever it is registered. The document is made
 * by the first request.
 */
export function openApiRoute(route: Route, catalogue: readonly RegisteredOperation[]): void {
  let document: string | undefined;
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
        document ??= JSON.stringify(openApiDocument(catalogue));
        c.header("Cache-Control", "public, max-age=300");
        return c.body(document, 200, { "Content-Type": "application/json" });
      },
    }),
  });
}
