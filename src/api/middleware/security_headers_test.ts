import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";

const POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

Deno.test("every answer says what browsers must not do with it", async () => {
  using api = new ApiFixture();
  api.ui.set("index.html", new TextEncoder().encode("<!doctype html>"));
  const cases = [
    ["GET", "/", 200, "public, max-age=0, must-revalidate"],
    ["GET", "/healthz", 200, null],
    ["GET", "/v1/rules", 200, "no-store"],
    ["GET", "/v1/rules/9", 404, "no-store"],
    ["GET", "/v1/rules/x", 400, "no-store"],
    ["PATCH", "/v1/rules", 405, "no-store"],
    ["GET", "/v1/nothing", 404, "no-store"],
    ["DELETE", "/", 404, null],
    ["GET", "/v1/openapi.json", 200, "public, max-age=300"],
  ] as const;
  for (const [method, path, status, cacheControl] of cases) {
    const answer = await api.request(method, path);
    const { headers } = answer;
    assert.equal(answer.status, status, path);
    assert.equal(headers.get("content-security-policy"), POLICY, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(headers.get("x-frame-options"), "DENY", path);
    assert.equal(headers.get("referrer-policy"), "no-referrer", path);
    assert.equal(headers.get("strict-transport-security"), null, path);
    assert.equal(headers.get("cache-control"), cacheControl, path);
  }
});

Deno.test("a public origin of https is never reached by http again", async () => {
  using api = new ApiFixture();
  const hsts = async (path: string) =>
    (await api.request("GET", path)).headers.get("strict-transport-security");
  for (const [origin, expected] of [["https://p.test", "max-age=31536000"], ["http://p", null]]) {
    api.publicOrigin = origin ?? null;
    assert.equal(await hsts("/v1/rules"), expected);
    assert.equal(await hsts("/v1/rules/9"), expected);
  }
});
