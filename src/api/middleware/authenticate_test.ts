import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";

const HOUR_MS = 3_600_000;

const me = (api: ApiFixture, session: string) => api.request("GET", "/v1/users/me", { session });

Deno.test("a session cookie means the session and never the bearer token beside it", async () => {
  using api = new ApiFixture();
  const session = await api.login("alice");
  for (const secret of ["", "nonsense", `${session}x`]) {
    const both = await api.request("GET", "/v1/users/me", { session: secret, token: "root" });
    assert.equal(both.error, "401 credential_invalid", secret);
  }
  const both = await api.request("GET", "/v1/users/me", { session, token: "root" });
  assert.equal((both.json as { user_id: string }).user_id, "alice");
});

Deno.test("the session cookie is found by its exact name among others", async () => {
  using api = new ApiFixture();
  const session = await api.login("alice");
  const get = (Cookie: string) =>
    api.request("GET", "/v1/users/me", { token: null, headers: { Cookie } });
  for (
    const cookie of [
      `a=b;portunus_session=${session}`,
      `x; portunus_session=${session} ;c=d`,
    ]
  ) {
    assert.equal((await get(cookie)).status, 200, cookie);
  }
  for (const cookie of ["", "Portunus_Session=x", "portunus_session_=x", "portunus_session"]) {
    assert.equal((await get(cookie)).error, "401 unauthenticated", cookie);
  }
});

Deno.test("a session ends after 8 idle hours, and after 7 days in any case", async () => {
  using api = new ApiFixture();
  const idle = await api.login("alice");
  api.clock.advance(8 * HOUR_MS);
  assert.equal((await me(api, idle)).status, 200);
  api.clock.advance(8 * HOUR_MS + 1);
  assert.equal((await me(api, idle)).error, "401 credential_invalid");

  const busy = await api.login("alice");
  assert.equal(api.db.store.db.all("SELECT 1 FROM web_sessions").length, 1, "the idle one is gone");
  for (let hours = 0; hours < 7 * 24; hours += 8) {
    assert.equal((await me(api, busy)).status, 200);
    api.clock.advance(8 * HOUR_MS);
  }
  assert.equal((await me(api, busy)).status, 200);
  api.clock.advance(1);
  assert.equal((await me(api, busy)).error, "401 credential_invalid");
});

Deno.test("a session of a user who is disabled or gone is no good", async () => {
  using api = new ApiFixture();
  const [alice, bob] = [await api.login("alice"), await api.login("bob")];
  api.db.store.db.run("UPDATE users SET disabled = 1 WHERE user_id = 'alice'");
  assert.equal((await me(api, alice)).error, "401 user_disabled");
  api.db.store.db.run("DELETE FROM users WHERE user_id = 'bob'");
  assert.equal((await me(api, bob)).error, "401 credential_invalid");
});

Deno.test("a session that changes something has to come from our own pages", async () => {
  using api = new ApiFixture();
  const session = await api.login("_superadmin");
  const path = "/v1/clients/x/revoke";
  const post = (headers: Record<string, string>) => api.request("POST", path, { session, headers });
  assert.equal((await post({ Origin: "https://evil.test" })).error, "403 csrf_origin_mismatch");
  assert.equal((await post({ "X-Portunus-CSRF": "" })).error, "403 csrf_header_required");
  assert.equal((await post({})).error, "404 client_not_found");
  assert.equal(
    (await api.request("POST", path)).error,
    "404 client_not_found",
    "bearer needs none",
  );
  const [denied] = api.logger.of("operator.deny");
  assert.deepEqual(denied?.fields, {
    actor: "_superadmin",
    method: "POST",
    path,
    outcome: "deny",
    auth_method: "cookie",
    reason: "csrf_origin_mismatch",
  });
});

Deno.test("CSRF comes after the session and before a password that must be changed", async () => {
  using api = new ApiFixture();
  const session = await api.login("alice", true);
  const headers = { Origin: "https://evil.test" };
  const post = (secret: string) =>
    api.request("POST", "/v1/rules", { session: secret, headers, json: {} });
  assert.equal((await post("x")).error, "401 credential_invalid");
  assert.equal((await post(session)).error, "403 csrf_origin_mismatch");
});

Deno.test("a session whose password must be changed can do that and see who it is", async () => {
  using api = new ApiFixture();
  const session = await api.login("alice", true);
  const refused = "403 password_change_required";
  for (const path of ["/v1/rules", "/v1/clients", "/v1/users/me/credentials", "/v1/users"]) {
    assert.equal((await api.request("GET", path, { session })).error, refused, path);
  }
  const push = await api.request("POST", "/v1/rules", { session, json: {} });
  assert.equal(push.error, refused);
  assert.equal((await api.get("/v1/rules", "alice")).status, 200, "bearer tokens are not held up");
  assert.equal((await me(api, session)).status, 200);
  const changed = await api.request("POST", "/v1/users/me/password", {
    session,
    json: {
      current_password: "password of alice",
      new_password: "correct horse",
      new_password_confirm: "correct horse",
    },
  });
  assert.equal(changed.status, 204, changed.text);
  assert.equal((await api.request("GET", "/v1/rules", { session })).status, 200);
});
