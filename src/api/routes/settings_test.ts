import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";

const PATH = "/v1/settings/advertised-endpoint";
const put = (api: ApiFixture, json: { advertised_endpoint?: string | null }, token = "root") =>
  api.request("PUT", PATH, { json, token });
const loopback = {
  override: null,
  effective: "127.0.0.1:7443",
  source: "loopback",
  diagnostic: null,
};

Deno.test("GET and PUT /v1/settings/advertised-endpoint show and set the override", async () => {
  using api = new ApiFixture();
  assert.deepEqual((await api.get(PATH)).json, loopback);
  const set = await put(api, { advertised_endpoint: "Public.example:9443" });
  assert.equal(set.status, 200);
  const override = {
    override: "public.example:9443",
    effective: "public.example:9443",
    source: "override",
    diagnostic: null,
  };
  assert.deepEqual(set.json, override);
  assert.deepEqual((await api.get(PATH)).json, override);

  for (const cleared of [{ advertised_endpoint: null }, { advertised_endpoint: "" }, {}]) {
    await put(api, { advertised_endpoint: "public.example:1" });
    assert.deepEqual((await put(api, cleared)).json, loopback);
  }
});

Deno.test("PUT /v1/settings/advertised-endpoint refuses what clients could not use, and stores nothing", async () => {
  using api = new ApiFixture();
  const refusals = {
    "https://x": "422 endpoint_invalid",
    "other.example:1": "422 endpoint_not_in_cert_san",
  };
  for (const [advertised_endpoint, error] of Object.entries(refusals)) {
    assert.equal((await put(api, { advertised_endpoint })).error, error);
  }
  assert.deepEqual((await api.get(PATH)).json, loopback);
});

Deno.test("a stored override that the certificate no longer covers is shown with a diagnostic", async () => {
  using api = new ApiFixture();
  api.db.store.db.run("UPDATE server_settings SET advertised_endpoint = ?", "gone.example:1");
  const view = (await api.get(PATH)).json as Record<string, unknown>;
  assert.deepEqual([view["override"], view["effective"], view["source"]], [
    "gone.example:1",
    null,
    null,
  ]);
  assert.match(String(view["diagnostic"]), /gone\.example/);
});

Deno.test("the advertised endpoint is for superadmins", async () => {
  using api = new ApiFixture();
  assert.equal((await api.request("GET", PATH, { token: "alice" })).error, "403 role_required");
  assert.equal((await put(api, {}, "alice")).error, "403 role_required");
});
