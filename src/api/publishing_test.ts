import assert from "node:assert/strict";
import { Hono } from "hono";
import { ApiFixture } from "../../tests/kit/api_fixture.ts";
import { isError } from "../../tests/kit/rule_fixture.ts";
import type { AppEnv } from "./http.ts";
import { errorHandler } from "./middleware/errors.ts";
import { operation } from "./operation.ts";
import { publishing } from "./publishing.ts";
import { type RegisteredOperation, routesOn } from "./route.ts";

function appWith(api: ApiFixture) {
  const app = new Hono<AppEnv>();
  app.onError(errorHandler(api.logger, () => "E"));
  const catalogue: RegisteredOperation[] = [];
  const { route, services } = publishing(routesOn(app, catalogue), api);
  route("/hosts", {
    GET: operation({
      summary: "List hosts",
      caller: "anyone",
      success: { status: 200, description: "", mediaType: "text/plain", example: "" },
      errors: ["host_invalid"],
      handle: (c) => c.text(`${services().hosts.list().length}`),
    }),
  });
  return { app, catalogue, services };
}

Deno.test("publishing() lets requests through with [publish]", async () => {
  using api = new ApiFixture();
  const { app } = appWith(api);
  const answer = await app.request("/hosts");
  assert.equal(`${answer.status} ${await answer.text()}`, "200 0");
});

Deno.test("publishing() answers publish_disabled without [publish], and documents it", async () => {
  ApiFixture.publishing = false;
  using api = new ApiFixture();
  ApiFixture.publishing = true;
  const { app, catalogue, services } = appWith(api);
  const answer = await app.request("/hosts");
  assert.equal(answer.status, 404);
  assert.equal((await answer.json()).error.code, "publish_disabled");
  assert.throws(services, isError("publish_disabled"));
  assert.deepEqual(catalogue[0]?.operation.doc.errors, ["host_invalid", "publish_disabled"]);
});
