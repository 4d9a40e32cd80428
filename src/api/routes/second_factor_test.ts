import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";
import { AUDIT, THROTTLE, TOTP } from "../../core/limits.ts";
import { totpCode } from "../../identity/totp.ts";

const PASSWORD = "correct horse battery";
const OWN = "/v1/users/me/totp";

/** alice, who has an authenticator app. */
class World extends ApiFixture {
  secret = "";

  static async open(): Promise<World> {
    const api = new World();
    api.setPassword("alice", PASSWORD);
    const { status, json } = await api.post(`${OWN}/setup`, {}, "alice");
    assert.equal(status, 201);
    const { secret, uri } = json as { secret: string; uri: string };
    assert.ok(uri.startsWith("otpauth://totp/Portunus:alice?") && uri.includes(secret));
    api.secret = secret;
    return api;
  }

  /** With the second factor on; the next code is that of another step. */
  static async enabled(): Promise<World> {
    const api = await World.open();
    const confirmed = await api.post(`${OWN}/confirm`, { totp_code: await api.code() }, "alice");
    assert.equal(confirmed.status, 204, confirmed.text);
    api.clock.advance(TOTP.stepSecs * 1_000);
    return api;
  }

  code(): Promise<string> {
    return totpCode(this.secret, this.clock.now());
  }

  logIn(totp_code?: string, password = PASSWORD) {
    const json = { user_id: "alice", password, ...(totp_code === undefined ? {} : { totp_code }) };
    return this.request("POST", "/v1/auth/login", { token: null, json });
  }
}

Deno.test("POST /v1/auth/login asks for a code once it is confirmed, and takes each once", async () => {
  using api = await World.open();
  const plain = await api.logIn();
  assert.equal(plain.text, `{"password_change_required":false}`, "set up is not switched on");
  const code = await api.code();
  assert.equal(
    (await api.post(`${OWN}/confirm`, { totp_code: "000000" }, "alice")).error,
    "401 totp_invalid",
  );
  assert.equal((await api.post(`${OWN}/confirm`, { totp_code: code }, "alice")).status, 204);
  assert.deepEqual((await api.get(OWN, "alice")).json, { enabled: true, available: true });
  assert.equal((await api.logIn()).error, "401 totp_required");
  assert.equal((await api.logIn("")).error, "401 totp_required");
  assert.equal((await api.logIn(code)).error, "401 totp_invalid", "it confirmed the secret");
  api.clock.advance(TOTP.stepSecs * 1_000);
  const next = await api.code();
  assert.equal((await api.logIn(next, "wrong password")).error, "401 invalid_login");
  const answer = await api.logIn(` ${next.slice(0, 3)} ${next.slice(3)}`);
  assert.equal(answer.text, plain.text, "the answer of every login");
  assert.ok(answer.headers.has("set-cookie"));
  assert.equal((await api.logIn(next)).error, "401 totp_invalid", "a replay");
});

Deno.test("two logins with one code at the same time make one session", async () => {
  using api = await World.enabled();
  const code = await api.code();
  const answers = await Promise.all([api.logIn(code), api.logIn(code)]);
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 401]);
  assert.equal(api.identity.sessions.listOf("alice").length, 1);
});

Deno.test("wrong codes lock the user out, wherever they come from", async () => {
  using api = await World.enabled();
  const from = (remoteIp: string, totp_code: string) =>
    api.api.app.request("/v1/auth/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user_id: "alice", password: PASSWORD, totp_code }),
    }, { remoteIp });
  for (let i = 0; i < THROTTLE.failuresMax; i++) {
    assert.equal((await from(`192.0.2.${i}`, "000000")).status, 401);
  }
  assert.equal((await from("192.0.2.99", await api.code())).status, 429);
  api.clock.advance(THROTTLE.lockSecs * 1_000);
  assert.equal((await from("192.0.2.99", await api.code())).status, 200);
});

Deno.test("asking for the code over and over gives no new guesses", async () => {
  using api = await World.enabled();
  for (let i = 0; i < THROTTLE.failuresMax; i++) {
    assert.equal((await api.logIn(i % 2 === 0 ? undefined : "000000")).status, 401);
  }
  assert.equal((await api.logIn(await api.code())).error, "429 rate_limited");
});

Deno.test("a user switches the second factor off with the password, or a fresh code", async () => {
  using api = await World.enabled();
  const disable = (json: Record<string, string>) => api.post(`${OWN}/disable`, json, "alice");
  assert.equal((await disable({})).error, "401 totp_required");
  assert.equal((await disable({ password: "wrong password" })).error, "401 invalid_login");
  assert.equal((await disable({ totp_code: "000000" })).error, "401 totp_invalid");
  assert.equal((await disable({ totp_code: await api.code() })).status, 204);
  assert.equal((await disable({ password: PASSWORD })).error, "409 totp_not_set_up");
  assert.equal((await api.logIn()).status, 200);
  await api.post(`${OWN}/setup`, {}, "alice");
  assert.equal((await disable({ password: PASSWORD })).status, 204);
});

Deno.test("a code that logged somebody in does not switch the second factor off", async () => {
  using api = await World.enabled();
  const code = await api.code();
  assert.equal((await api.logIn(code)).status, 200);
  const refused = await api.post(`${OWN}/disable`, { totp_code: code }, "alice");
  assert.equal(refused.error, "401 totp_invalid");
});

Deno.test("a superadmin takes the second factor of somebody away who lost their device", async () => {
  using api = await World.enabled();
  const listed = (await api.get("/v1/users/alice")).json as { totp_enabled?: boolean };
  assert.equal(listed.totp_enabled, true);
  assert.equal(
    (await api.request("DELETE", "/v1/users/alice/totp", { token: "alice" })).status,
    403,
  );
  for (let i = 0; i < 2; i++) {
    assert.equal((await api.request("DELETE", "/v1/users/alice/totp")).status, 204);
  }
  assert.equal((await api.request("DELETE", "/v1/users/nobody/totp")).error, "404 user_not_found");
  assert.equal((await api.logIn()).status, 200);
  assert.ok(!("totp_enabled" in ((await api.get("/v1/users/alice")).json as object)));
});

Deno.test("a second setup is refused while codes are asked for", async () => {
  using api = await World.enabled();
  assert.equal((await api.post(`${OWN}/setup`, {}, "alice")).error, "409 totp_already_enabled");
  const again = await api.post(`${OWN}/confirm`, { totp_code: await api.code() }, "alice");
  assert.equal(again.error, "409 totp_already_enabled");
});

Deno.test("logins go on asking for codes without [publish], which can be switched off there", async () => {
  using before = await World.enabled();
  ApiFixture.publishing = false;
  try {
    using api = new ApiFixture();
    api.setPassword("alice", PASSWORD);
    api.identity.users.setTotp("alice", { secret: before.secret, lastStep: 1 });
    const logIn = (json: Record<string, string>) =>
      api.request("POST", "/v1/auth/login", { token: null, json: { user_id: "alice", ...json } });
    assert.equal((await logIn({ password: PASSWORD })).error, "401 totp_required");
    const totp_code = await totpCode(before.secret, api.clock.now());
    assert.equal((await logIn({ password: PASSWORD, totp_code })).status, 200);
    assert.deepEqual((await api.get(OWN, "alice")).json, { enabled: true, available: false });
    assert.equal((await api.post(`${OWN}/setup`, {}, "alice")).error, "404 publish_disabled");
    const removal = await api.post(`${OWN}/disable`, { password: PASSWORD }, "alice");
    assert.equal(removal.status, 204);
  } finally {
    ApiFixture.publishing = true;
  }
});

Deno.test("neither secret nor codes come into log, audit trail or lists", async () => {
  using api = await World.enabled();
  const code = await api.code();
  await api.logIn(code);
  await api.logIn("000000");
  await api.post(`${OWN}/disable`, { totp_code: "123456" }, "alice");
  api.clock.advance(AUDIT.batchWindowMs);
  const told = [
    JSON.stringify(api.logger.lines),
    (await api.get("/v1/audit")).text,
    (await api.get("/v1/users")).text,
    (await api.get("/v1/users/alice")).text,
    (await api.get("/v1/metrics")).text,
  ].join("\n");
  for (const secret of [api.secret, code, "123456"]) assert.ok(!told.includes(secret), secret);
  assert.ok(told.includes("operator.totp_enabled"));
});
