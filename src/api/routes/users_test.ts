import assert from "node:assert/strict";
import { ApiFixture, messageOf } from "../../../tests/kit/api_fixture.ts";
import { ruleInput } from "../../../tests/kit/rules.ts";
import type { Json } from "../../core/json.ts";
import { AUDIT } from "../../core/limits.ts";

const NEW = { user_id: "carol", display_name: "Carol" };
const PASSWORD = "correct horse";

const create = (api: ApiFixture, changes: Record<string, Json> = {}) =>
  api.post("/v1/users", { ...NEW, ...changes });

/** Adds a grant for alice through the API. */
const grantAlice = (api: ApiFixture) =>
  api.post("/v1/grants", {
    user_id: "alice",
    client: "*",
    listen_port_start: 1,
    listen_port_end: 65535,
    protocols: ["tcp"],
  });

Deno.test("routes of users are for superadmins, and say so before anything else", async () => {
  using api = new ApiFixture();
  const session = await api.login("alice");
  const routes = [
    ["GET", "/v1/users"],
    ["POST", "/v1/users", { user_id: "", display_name: "" }],
    ["GET", "/v1/users/alice"],
    ["GET", "/v1/users/-"],
    ["DELETE", "/v1/users/alice"],
    ["POST", "/v1/users/alice/password", {}],
  ] as const;
  for (const [method, path, json] of routes) {
    const body = json === undefined ? {} : { json };
    for (const caller of [{ token: "alice" }, { token: "bob" }, { session }]) {
      const answer = await api.request(method, path, { ...caller, ...body });
      assert.equal(answer.error, "403 role_required", `${method} ${path}`);
      assert.equal(messageOf(answer), "rbac: role_required");
    }
    const anonymous = await api.request(method, path, { token: null, ...body });
    assert.equal(anonymous.error, "401 unauthenticated");
  }
});

Deno.test("GET /v1/users lists every user by id, with counts of what is theirs", async () => {
  using api = new ApiFixture();
  await grantAlice(api);
  const { json } = await api.post("/v1/users/alice/credentials", {});
  await api.post("/v1/users/alice/credentials", {});
  await api.request(
    "DELETE",
    `/v1/users/alice/credentials/${(json as { credential_id: string }).credential_id}`,
  );
  const user = (user_id: string, role: string, grant_count = 0, credential_count = 0) => ({
    user_id,
    display_name: user_id,
    role,
    disabled: false,
    created_at: "2026-01-01T00:00:00Z",
    grant_count,
    credential_count,
  });
  const alice = user("alice", "user", 1, 1);
  assert.deepEqual((await api.get("/v1/users")).json, [
    user("_superadmin", "superadmin"),
    alice,
    user("bob", "user"),
  ]);
  assert.deepEqual((await api.get("/v1/users/alice")).json, alice);
  assert.equal((await api.get("/v1/users/_superadmin")).status, 200);
  const session = await api.login("_superadmin");
  assert.equal((await api.request("GET", "/v1/users", { session })).status, 200);
});

Deno.test("GET /v1/users/{id} tells malformed ids from unknown ones", async () => {
  using api = new ApiFixture();
  for (
    const id of ["Alice", "1a", "a%20b", "a".repeat(33), "_a%00", "_a%20", `_${"a".repeat(32)}`]
  ) {
    const answer = await api.get(`/v1/users/${id}`);
    assert.equal(answer.error, "422 invalid_user_id", id);
    assert.equal(messageOf(answer), "rbac: invalid_user_id");
  }
  for (const id of ["nobody", "_legacy", "_Anything"]) {
    assert.equal((await api.get(`/v1/users/${id}`)).error, "404 user_not_found", id);
  }
});

Deno.test("POST /v1/users makes a user, with or without a password", async () => {
  using api = new ApiFixture();
  const answer = await create(api, { display_name: " Carol ", extra: 1 });
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.json, { user_id: "carol", display_name: "Carol", role: "user" });
  assert.equal(api.identity.users.get("carol")?.hasPassword, false);
  const admin = await create(api, {
    user_id: "dave",
    role: "superadmin",
    initial_password: PASSWORD,
    password_change_required: true,
  });
  assert.deepEqual(admin.json, { user_id: "dave", display_name: "Carol", role: "superadmin" });
  const login = await api.post("/v1/auth/login", { user_id: "dave", password: PASSWORD });
  assert.deepEqual(login.json, { password_change_required: true });
  assert.deepEqual(api.logger.of("operator.user_added").map(({ fields }) => fields), [
    { actor: "_superadmin", new_user: "carol", outcome: "ok" },
    { actor: "_superadmin", new_user: "dave", outcome: "ok" },
  ]);
  assert.ok(!api.logger.text().includes(PASSWORD));
});

Deno.test("POST /v1/users checks id, name, role, password and existence, in this order", async () => {
  using api = new ApiFixture();
  const worse: [changes: Record<string, Json>, error: string][] = [
    [{ user_id: "bob" }, "409 user_already_exists"],
    [{ initial_password: "short" }, "422 password_too_short"],
    [{ initial_password: "" }, "422 initial_password_required"],
    [{ initial_password: null, password_change_required: true }, "422 initial_password_required"],
    [{ role: "admin" }, "403 role_required"],
    [{ display_name: "é".repeat(33) }, "422 invalid_display_name"],
    [{ user_id: "_bob" }, "422 reserved_user_id"],
    [{ user_id: "Bob" }, "422 invalid_user_id"],
  ];
  let changes = {};
  for (const [change, error] of worse) {
    changes = { ...changes, ...change };
    assert.equal((await create(api, changes)).error, error);
  }
  assert.equal(
    (await create(api, { initial_password: "🔑".repeat(257) })).error,
    "422 password_too_long",
  );
  for (const body of [{}, { role: null }, { ...NEW, role: null }, { ...NEW, user_id: null }]) {
    assert.equal((await api.post("/v1/users", body)).status, 422);
  }
  assert.equal(api.identity.users.list().length, 3);
});

Deno.test("POST /v1/users at the same time makes one user of an id", async () => {
  using api = new ApiFixture();
  const answers = await Promise.all(
    ["one", "two"].map((name) => create(api, { display_name: name, initial_password: PASSWORD })),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
});

Deno.test("DELETE /v1/users/{id} takes everything along and tells the clients", async () => {
  using api = new ApiFixture();
  const edge = api.connect();
  const rule = await api.push();
  const other = await api.rules.push(
    ruleInput({ port: 9999 }, "edge-01"),
    "bob",
    2_000,
  );
  const grant = (await grantAlice(api)).json as { grant_id: string };
  const credential = (await api.post("/v1/users/alice/credentials", {})).json as {
    credential_id: string;
  };
  const session = await api.login("alice");

  const answer = await api.request("DELETE", "/v1/users/alice");
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, {
    user_id: "alice",
    removed_credential_ids: [credential.credential_id],
    revoked_grant_ids: [grant.grant_id],
    removed_rule_ids: [Number(rule.id)],
  });
  assert.deepEqual(api.rules.list().map(({ id }) => id), [other.id]);
  assert.equal(api.storedStateOf(rule.id), undefined);
  assert.deepEqual(api.removed, [rule.id], "its counters are forgotten");
  const me = await api.request("GET", "/v1/users/me", { session });
  assert.equal(me.error, "401 credential_invalid");
  assert.equal((await api.request("DELETE", "/v1/users/alice")).error, "404 user_not_found");
  edge.session.cancel();
  await edge.over;
  assert.equal(edge.commands.at(-1), `REMOVE ${rule.id}`);
  assert.deepEqual(api.logger.of("operator.user_removed").map(({ fields }) => fields), [{
    actor: "_superadmin",
    removed_user: "alice",
    revoked_credentials: 1,
    revoked_grants: 1,
    removed_rules: 1,
    outcome: "ok",
  }]);
});

Deno.test("DELETE /v1/users/{id} keeps the caller and the last superadmin", async () => {
  using api = new ApiFixture();
  const remove = (id: string, token = "root") =>
    api.request("DELETE", `/v1/users/${id}`, { token });
  assert.equal((await remove("Bad")).error, "422 invalid_user_id");
  assert.equal((await remove("_superadmin")).error, "409 cannot_remove_self");
  await create(api, { role: "superadmin", initial_password: PASSWORD });
  const session = await api.login("carol");
  assert.equal(
    (await api.request("DELETE", "/v1/users/_superadmin", { session })).status,
    200,
  );
  assert.equal((await remove("carol")).error, "409 last_superadmin");
  assert.equal((await remove("me")).status, 405, "me is nobody's id");
});

Deno.test("DELETE /v1/users/{id} leaves everything as it was when the store fails", async () => {
  using api = new ApiFixture();
  api.connect();
  const rule = await api.push();
  api.db.sabotage("users");
  assert.equal((await api.request("DELETE", "/v1/users/alice")).error, "500 store_error");
  api.db.repair();
  assert.equal(api.rules.get(rule.id)?.id, rule.id);
  assert.deepEqual(api.storedStateOf(rule.id), { kind: "active" });
});

Deno.test("GET /v1/users/me says who is asking", async () => {
  using api = new ApiFixture();
  assert.deepEqual((await api.get("/v1/users/me", "alice")).json, {
    user_id: "alice",
    role: "user",
    display_name: "alice",
  });
  api.db.store.db.run("DELETE FROM users WHERE user_id = 'bob'");
  assert.deepEqual((await api.get("/v1/users/me", "bob")).json, {
    user_id: "bob",
    role: "user",
    display_name: "bob",
  });
  assert.equal(api.logger.of("operator.allow").length, 2, "each request is judged once");
});

Deno.test("POST /v1/users/me/password changes it, and keeps the sessions", async () => {
  using api = new ApiFixture();
  const session = await api.login("alice");
  const change = (current_password: string, new_password: string, confirm = new_password) =>
    api.request("POST", "/v1/users/me/password", {
      session,
      json: { current_password, new_password, new_password_confirm: confirm },
    });
  const old = "password of alice";
  assert.equal((await change("wrong", "short", "other")).error, "422 password_mismatch");
  assert.equal((await change("wrong", "short")).error, "401 invalid_login");
  assert.equal((await change(old, "short")).error, "422 password_too_short");
  const answer = await change(old, PASSWORD);
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.equal((await change(old, PASSWORD)).error, "401 invalid_login");
  assert.equal((await change(PASSWORD, old)).status, 204, "the session goes on");
  const bob = await api.post("/v1/users/me/password", {
    current_password: "",
    new_password: PASSWORD,
    new_password_confirm: PASSWORD,
  }, "bob");
  assert.equal(bob.error, "401 invalid_login", "who has no password cannot set one");
});

Deno.test("POST /v1/users/me/password gives way to a reset at the same time", async () => {
  using api = new ApiFixture();
  const session = await api.login("alice");
  api.hasher.meanwhile = () => api.setPassword("alice", "reset meanwhile", true);
  const answer = await api.request("POST", "/v1/users/me/password", {
    session,
    json: {
      current_password: "password of alice",
      new_password: PASSWORD,
      new_password_confirm: PASSWORD,
    },
  });
  assert.equal(answer.error, "401 invalid_login");
  assert.equal(api.identity.users.passwordHash("alice"), "fake:reset meanwhile");
});

Deno.test("POST /v1/users/{id}/password ends sessions and API tokens, and is in the trail", async () => {
  using api = new ApiFixture();
  const session = await api.login("alice");
  await api.post("/v1/users/alice/credentials", {});
  const answer = await api.post("/v1/users/alice/password", { new_password: PASSWORD });
  assert.deepEqual(answer.json, {
    user_id: "alice",
    sessions_revoked: 1,
    api_tokens_revoked: 1,
  });
  const me = await api.request("GET", "/v1/users/me", { session });
  assert.equal(me.error, "401 credential_invalid");
  const login = await api.post("/v1/auth/login", { user_id: "alice", password: PASSWORD });
  assert.deepEqual(login.json, { password_change_required: false });

  api.clock.advance(AUDIT.batchWindowMs);
  const entries = (await api.get("/v1/audit")).json as Record<string, unknown>[];
  const [event] = entries.filter(({ action }) => action === "operator.password_reset");
  assert.deepEqual([event?.["resource_kind"], event?.["resource_value"]], ["user", "alice"]);
  assert.deepEqual(event?.["details"], {
    sessions_revoked: 1,
    temporary_password_generated: false,
    password_change_required: false,
  });
  const request = entries.filter(({ path }) => path === "/v1/users/alice/password");
  assert.equal(request.length, 1, "beside the entry of the request");
});

Deno.test("POST /v1/users/{id}/password makes one up, to be changed, and keeps tokens if asked", async () => {
  using api = new ApiFixture();
  await api.post("/v1/users/alice/credentials", {});
  const answer = await api.post("/v1/users/alice/password", { keep_api_tokens: true });
  const { temporary_password = "", ...rest } = answer.json as Record<string, string>;
  assert.match(temporary_password, /^[\w-]{43}$/);
  assert.deepEqual(rest, { user_id: "alice", sessions_revoked: 0, api_tokens_revoked: 0 });
  const login = (password: string) => api.post("/v1/auth/login", { user_id: "alice", password });
  assert.deepEqual((await login(temporary_password)).json, { password_change_required: true });
  await api.post("/v1/users/alice/password", { new_password: PASSWORD, temporary_password: true });
  assert.deepEqual((await login(PASSWORD)).json, { password_change_required: true });
  assert.ok(!api.logger.text().includes(temporary_password));
});

Deno.test("POST /v1/users/{id}/password: id, throttle, policy, existence, in this order", async () => {
  using api = new ApiFixture();
  const reset = (id: string, json: Json = {}) => api.post(`/v1/users/${id}/password`, json);
  assert.equal((await api.request("POST", "/v1/users/alice/password")).status, 415);
  assert.equal((await reset("Bad", { new_password: "x" })).error, "422 invalid_user_id");
  assert.equal((await reset("nobody", { new_password: "x" })).error, "422 password_too_short");
  for (let n = 0; n < 4; n++) assert.equal((await reset("nobody")).error, "404 user_not_found");
  assert.equal((await reset("nobody", { new_password: "x" })).error, "429 rate_limited");
  assert.equal((await reset("alice")).status, 200, "others are not held up");
  assert.equal((await reset("_superadmin")).status, 200, "oneself and reserved ids too");
});

Deno.test("PATCH /v1/users/{id} changes what is given, and not whoever asks", async () => {
  using api = new ApiFixture();
  const patch = (userId: string, json: Json) =>
    api.request("PATCH", `/v1/users/${userId}`, { json });
  const { json } = await patch("alice", { display_name: " Alice L. ", role: "superadmin" });
  const { display_name, role, disabled } = json as Record<string, Json>;
  assert.deepEqual([display_name, role, disabled], ["Alice L.", "superadmin", false]);
  const session = await api.login("alice");
  assert.equal((await patch("alice", { role: "user", disabled: true })).status, 200);
  assert.equal(
    (await api.request("GET", "/v1/users/me", { session })).error,
    "401 credential_invalid",
  );
  assert.equal((await patch("alice", { role: "admin" })).error, "403 role_required");
  assert.equal((await patch("alice", { display_name: "" })).error, "422 invalid_display_name");
  assert.equal((await patch("nobody", {})).error, "404 user_not_found");
  for (const change of [{ disabled: true }, { role: "user" }]) {
    assert.equal((await patch("_superadmin", change)).error, "409 cannot_restrict_self");
  }
});
