import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";
import { protectExampleHost } from "../../../tests/api/route_table.ts";

const BODY = { rd: "https://app.example.test/a", state: "0".repeat(64) };

Deno.test("POST /v1/publish/authorize gives codes to sessions, for protected hosts alone", async () => {
  using api = new ApiFixture();
  protectExampleHost(api);
  const session = await api.login("alice");
  const ask = (json: Record<string, string>) =>
    api.request("POST", "/v1/publish/authorize", { session, json });
  const { host, location } = (await ask(BODY)).json as { host: string; location: string };
  assert.equal(host, "app.example.test");
  assert.match(location, /^https:\/\/app\.example\.test\/\.portunus\/callback\?code=[\w-]{43}$/);
  assert.equal((await ask({ ...BODY, rd: "https://evil.test/" })).error, "422 redirect_invalid");
  api.publish?.table.delete("app.example.test");
  assert.equal((await ask(BODY)).error, "422 redirect_invalid");
  assert.equal(
    (await api.post("/v1/publish/authorize", BODY, "alice")).error,
    "403 session_required",
  );
});
