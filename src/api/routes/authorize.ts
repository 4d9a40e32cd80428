/**
 * `/v1/publish/authorize`: the operator's side of a login on a protected host.
 *
 * @module
 */

import { z } from "zod";
import { AccessError } from "../../core/errors.ts";
import { operation } from "../operation.ts";
import { publishing, type PublishingOptions } from "../publishing.ts";
import type { Route } from "../route.ts";

export function authorizeRoute(guarded: Route, options: PublishingOptions): void {
  const { route, services } = publishing(guarded, options);
  route("/v1/publish/authorize", {
    POST: operation({
      summary: "Get a code for a protected host",
      description: "For the Web UI, to which the host redirects whoever has no login there. A " +
        "bearer token gets none: it would end as a login that outlives it.",
      caller: "operator",
      body: z.object({
        rd: z.string().meta({ description: "Where the browser was going." }),
        state: z.string().meta({ description: "Of the redirect; ties the code to that browser." }),
      }),
      bodyExample: { rd: "https://app.example.test/", state: "0".repeat(64) },
      success: {
        status: 200,
        description: "Where the browser goes on to. The code in it counts once, for a minute.",
        view: z.object({ host: z.string(), location: z.string() }),
        example: {
          host: "app.example.test",
          location: "https://app.example.test/.portunus/callback" +
            "?code=ZkYw2Lr8xGv0c4mJ9sTnqB1hPdKfUeAo7iXy5RtWz3M",
        },
      },
      errors: ["redirect_invalid", "host_not_allowed", "session_required"],
      handle: async (c, { body }) => {
        if (c.get("authMethod") !== "cookie") {
          throw new AccessError("session_required", "this takes a login in a browser");
        }
        return await services().logins.authorizer.authorize({
          userId: c.get("operator").userId,
          target: body.rd,
          state: body.state,
        });
      },
    }),
  });
}
