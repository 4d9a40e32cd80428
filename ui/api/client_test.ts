import assert from "node:assert/strict";
import { errorOf, errorText, urlOf } from "./client.ts";

Deno.test("urlOf() encodes the path and leaves out what is not asked", () => {
  assert.equal(urlOf("/v1/users/{user_id}", { user_id: "a/b" }), "/v1/users/a%2Fb");
  assert.equal(
    urlOf("/v1/rules", {}, { owner: "a b", client: undefined }),
    "/v1/rules?owner=a+b",
  );
});

Deno.test("errorOf() reads the API's errors, and text of anybody else", () => {
  const json = JSON.stringify({ error: { code: "not_owner", message: "not_owner" } });
  const denied = new Response(json, { status: 403 });
  assert.deepEqual(errorOf(denied, json), {
    status: 403,
    code: "not_owner",
    message: "not_owner",
  });
  const proxy = new Response("down\n", { status: 502 });
  assert.deepEqual(errorOf(proxy, "down\n"), { status: 502, code: "http_502", message: "down" });
});

Deno.test("errorText() says the code once", () => {
  const error = (code: string, message: string) => ({ status: 422, code, message });
  assert.equal(errorText(error("x", "x")), "x");
  assert.equal(errorText(error("x", "x: why")), "x: why");
  assert.equal(errorText(error("x", "why")), "x: why");
});
