import assert from "node:assert/strict";
import { ApiFixture, messageOf } from "../../../tests/kit/api_fixture.ts";
import type { Json } from "../../core/json.ts";
import { hashSecret } from "../../system/secret_hash.ts";

const COOKIE = /^portunus_session=([\w-]{43}); Path=\/; HttpOnly; SameSite=Lax; Max-Age=604800$/;

const login = (api: ApiFixture, user_id: string, password: string) =>
  api.request("POST", "/v1/auth/login", { token: null, json: { user_id, password } });

const logout = (api: ApiFixture, session: string, headers: Record<string, string> = {}) =>
  api.request("POST", "/v1/auth/logout", { session, headers });

/** The fixture as it is before anybody was onboarded, with the setup token `setup`. */
function fresh(): ApiFixture {
  const api = new ApiFixture();
  api.db.store.db.run("DELETE FROM users WHERE role = 'superadmin'");
  const issuedAt = Temporal.Instant.fromEpochMilliseconds(api.clock.now());
  const expiresAt = issuedAt.add({ minutes: 30 });
  api.identity.setupToken.rotate({ tokenHash: hashSecret("setup"), issuedAt, expiresAt });
  return api;
}

const ADMIN = {
  user_id: "admin",
  display_name: " Admin ",
  password: "correct horse",
  password_confirm: "correct horse",
  setup_token: "setup",
};

const onboard = (api: ApiFixture, changes: Record<string, Json> = {}) =>
  api.request("POST", "/v1/auth/onboarding", { token: null, json: { ...ADMIN, ...changes } });

Deno.test("POST /v1/auth/login begins a session that the cookie carries", async () => {
  using api = new ApiFixture();
  api.setPassword("alice", "correct horse");
  const answer = await login(api, "alice", "correct horse");
  assert.deepEqual([answer.status, answer.json], [200, { password_change_required: false }]);
  const [, secret = ""] = COOKIE.exec(answer.headers.get("set-cookie") ?? "") ?? [];
  assert.notEqual(secret, "");
  const me = await api.request("GET", "/v1/users/me", { session: secret });
  assert.deepEqual(me.json, { user_id: "alice", role: "user", display_name: "alice" });
  api.setPassword("alice", "correct horse", true);
  const second = await login(api, "alice", "correct horse");
  assert.deepEqual(second.json, { password_change_required: true });
  const stored = JSON.stringify(
    api.db.store.db.all("SELECT session_hash, remote_addr FROM web_sessions"),
  );
  assert.ok(!stored.includes(secret) && stored.includes("192.0.2.7"), stored);
  assert.equal(api.db.store.db.all("SELECT 1 FROM web_sessions").length, 2, "others are kept");
});

Deno.test("the session cookie is Secure where the public origin is https", async () => {
  using api = new ApiFixture();
  api.setPassword("alice", "correct horse");
  const cookie = async () =>
    (await login(api, "alice", "correct horse")).headers.get("set-cookie") ?? "";
  api.publicOrigin = "http://portunus.test";
  assert.match(await cookie(), COOKIE);
  api.publicOrigin = "https://portunus.test";
  const secure = await cookie();
  assert.match(secure, /; Max-Age=604800; Secure$/);
  const session = /=([^;]+)/.exec(secure)?.[1] ?? "";
  const out = await logout(api, session, { Origin: "https://portunus.test" });
  assert.equal(
    out.headers.get("set-cookie"),
    "portunus_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure",
  );
});

Deno.test("POST /v1/auth/login answers alike whatever is wrong, after one verification", async () => {
  using api = new ApiFixture();
  api.setPassword("alice", "correct horse");
  api.db.addUser({ userId: "off", role: "user", disabled: true });
  api.setPassword("off", "correct horse");
  const bodies = new Set<string>();
  const cases = [
    ["alice", "wrong horse"],
    ["alice", ""],
    ["bob", "correct horse"],
    ["off", "correct horse"],
    ["nobody", "correct horse"],
    ["No Body", "correct horse"],
    ["_superadmin", "correct horse"],
  ] as const;
  for (const [index, [user, password]] of cases.entries()) {
    const answer = await login(api, user, password);
    assert.equal(answer.error, "401 invalid_login", user);
    bodies.add(answer.text);
    assert.equal(api.hasher.verifications, index + 1, user);
    assert.equal(answer.headers.get("set-cookie"), null);
  }
  assert.equal(bodies.size, 1);
  assert.ok(!/horse/.test(api.logger.text()));
});

Deno.test("POST /v1/auth/login refuses a password that was reset while it was verified", async () => {
  using api = new ApiFixture();
  api.setPassword("alice", "correct horse");
  api.hasher.meanwhile = () => api.setPassword("alice", "another horse");
  assert.equal((await login(api, "alice", "correct horse")).error, "401 invalid_login");
});

Deno.test("POST /v1/auth/login gives five guesses, then a minute of 429, even at one time", async () => {
  using api = new ApiFixture();
  api.setPassword("alice", "correct horse");
  const guesses = await Promise.all(Array.from({ length: 8 }, () => login(api, "alice", "wrong")));
  assert.deepEqual(
    guesses.map(({ error }) => error).sort(),
    [...Array(5).fill("401 invalid_login"), ...Array(3).fill("429 rate_limited")],
  );
  assert.equal((await login(api, "alice", "correct horse")).error, "429 rate_limited");
  assert.equal((await login(api, "bob", "wrong")).error, "401 invalid_login", "others go on");
  api.clock.advance(60_000);
  assert.equal((await login(api, "alice", "correct horse")).status, 200);
});

Deno.test("POST /v1/auth/login counts unknown and reserved ids together, and forgets on success", async () => {
  using api = new ApiFixture();
  api.setPassword("alice", "correct horse");
  for (const user of ["_superadmin", "alice ", "_\0", "", "UP"]) {
    assert.equal((await login(api, user, "wrong")).error, "401 invalid_login");
  }
  assert.equal((await login(api, "_legacy", "wrong")).error, "429 rate_limited");
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 4; n++) await login(api, "alice", "wrong");
    assert.equal((await login(api, "alice", "correct horse")).status, 200);
  }
});

Deno.test("POST /v1/auth/login needs both members and ignores what else is sent", async () => {
  using api = new ApiFixture();
  for (const json of [{}, { user_id: "a" }, { user_id: 1, password: "x" }]) {
    const answer = await api.request("POST", "/v1/auth/login", { token: null, json });
    assert.equal(answer.status, 422);
  }
  api.setPassword("alice", "correct horse");
  const answer = await api.request("POST", "/v1/auth/login", {
    token: "nobody",
    headers: { Cookie: "portunus_session=old", Origin: "https://evil.test" },
    json: { user_id: "alice", password: "correct horse" },
  });
  assert.equal(answer.status, 200);
});

Deno.test("POST /v1/auth/logout ends the session and clears the cookie", async () => {
  using api = new ApiFixture();
  const session = await api.login("alice");
  const other = await api.login("alice");
  const answer = await logout(api, session);
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.equal(
    answer.headers.get("set-cookie"),
    "portunus_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
  );
  assert.equal((await logout(api, session)).error, "401 credential_invalid");
  const me = (secret: string) => api.request("GET", "/v1/users/me", { session: secret });
  assert.equal((await me(session)).error, "401 credential_invalid");
  assert.equal((await me(other)).status, 200);
});

Deno.test("POST /v1/auth/logout: cookie, then CSRF, then the session", async () => {
  using api = new ApiFixture();
  const bearer = await api.request("POST", "/v1/auth/logout", { token: "root" });
  assert.equal(bearer.error, "401 unauthenticated");
  const session = await api.login("alice", true);
  const evil = { Origin: "https://evil.test" };
  for (const secret of ["", "nonsense", session]) {
    assert.equal((await logout(api, secret, evil)).error, "403 csrf_origin_mismatch");
  }
  assert.equal((await logout(api, "")).error, "401 credential_invalid");
  assert.equal((await logout(api, session)).status, 204, "even if the password must be changed");
  const disabled = await api.login("bob");
  api.db.store.db.run("UPDATE users SET disabled = 1 WHERE user_id = 'bob'");
  assert.equal((await logout(api, disabled)).error, "401 credential_invalid");
});

Deno.test("POST /v1/auth/onboarding makes the first superadmin, once", async () => {
  using api = fresh();
  const answer = await onboard(api);
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.json, { user_id: "admin", display_name: "Admin", role: "superadmin" });
  assert.equal(answer.headers.get("set-cookie"), null);
  assert.equal(api.identity.setupToken.get(), undefined);
  assert.equal((await onboard(api)).error, "409 already_bootstrapped");
  assert.deepEqual(api.logger.of("operator.bootstrap").map(({ fields }) => fields), [
    { actor: "_anonymous", new_user: "admin", outcome: "ok" },
  ]);
  const entered = await login(api, "admin", "correct horse");
  assert.deepEqual(entered.json, { password_change_required: false });
  assert.ok(!/horse|setup"/.test(api.logger.text()));
});

Deno.test("POST /v1/auth/onboarding at the same time has one winner", async () => {
  using api = fresh();
  const answers = await Promise.all(["a", "b", "c"].map((user_id) => onboard(api, { user_id })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409]);
});

Deno.test("POST /v1/auth/onboarding checks token, id, name and passwords, in this order", async () => {
  const worse: [changes: Record<string, Json>, error: string][] = [
    [{ password: "short", password_confirm: "short" }, "422 password_too_short"],
    [{ password_confirm: "another" }, "422 password_mismatch"],
    [{ display_name: "  " }, "422 invalid_display_name"],
    [{ user_id: "_me" }, "422 reserved_user_id"],
    [{ user_id: "No" }, "422 invalid_user_id"],
    [{ setup_token: "wrong" }, "401 setup_token_invalid"],
    [{ setup_token: null }, "401 setup_token_required"],
  ];
  let changes = {};
  for (const [change, error] of worse) {
    using api = fresh();
    changes = { ...changes, ...change };
    assert.equal((await onboard(api, changes)).error, error);
  }
  using api = fresh();
  const policy = await onboard(api, { password: "short", password_confirm: "short" });
  assert.equal(messageOf(policy), "password_too_short");
  assert.equal((await onboard(api, { user_id: "bob" })).error, "409 user_already_exists");
  api.clock.advance(30 * 60_000);
  assert.equal((await onboard(api)).error, "401 setup_token_invalid", "expired");
});

Deno.test("POST /v1/auth/onboarding gives five guesses at the setup token", async () => {
  using api = fresh();
  for (let n = 0; n < 5; n++) {
    assert.equal((await onboard(api, { setup_token: `t${n}` })).error, "401 setup_token_invalid");
  }
  assert.equal((await onboard(api)).error, "429 rate_limited");
  assert.equal((await onboard(api, { setup_token: "" })).error, "401 setup_token_required");
  api.clock.advance(60_000);
  assert.equal((await onboard(api)).status, 201);
});
