import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";
import { readExposition } from "../../../tests/kit/exposition.ts";

Deno.test("GET /v1/metrics is Prometheus text for a superadmin", async () => {
  using api = new ApiFixture();
  api.metrics.setClientsConnected(3);
  const response = await api.open("/v1/metrics");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const samples = readExposition(await response.text());
  assert.equal(samples.get("portunus_clients_connected"), "3");
  assert.equal(samples.get("portunus_tls_sni_routes_active"), "0");
});

Deno.test("GET /v1/metrics is for nobody else", async () => {
  using api = new ApiFixture();
  const as = (token: string) => api.request("GET", "/v1/metrics", { token });
  assert.equal((await as("alice")).error, "403 role_required");
  assert.equal((await as("nobody")).error, "401 credential_invalid");
});
