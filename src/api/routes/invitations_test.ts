import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";
import { AUDIT, THROTTLE } from "../../core/limits.ts";

const PASSWORD = "correct horse battery";
const DRAFT = {
  user_id: "dave",
  display_name: "Dave",
  email: "dave@example.test",
  grants: [{
    client: "edge-01",
    listen_port_start: 8000,
    listen_port_end: 8010,
    protocols: ["tcp"],
    note: "web",
  }],
};

interface Invited {
  readonly invitation_id: string;
  readonly token: string;
  readonly url: string | null;
  readonly expires_at: string;
}

async function invite(api: ApiFixture, change: Record<string, unknown> = {}): Promise<Invited> {
  const answer = await api.post("/v1/invitations", { ...DRAFT, ...change } as never);
  assert.equal(answer.status, 201, answer.text);
  return answer.json as unknown as Invited;
}

const accept = (api: ApiFixture, token: string, password = PASSWORD) =>
  api.request("POST", "/v1/invitations/accept", {
    token: null,
    json: { token, password, password_confirm: password },
  });

const lookUp = (api: ApiFixture, token: string) =>
  api.request("POST", "/v1/invitations/lookup", { token: null, json: { token } });

const statuses = async (api: ApiFixture) =>
  ((await api.get("/v1/invitations")).json as unknown as { status: string }[])
    .map(({ status }) => status);

Deno.test("an accepted invitation is an account with its grants, once", async () => {
  using api = new ApiFixture();
  api.publicOrigin = "https://console.example.test";
  const { token, url } = await invite(api);
  assert.equal(url, `https://console.example.test/invite#${token}`);
  assert.deepEqual((await lookUp(api, token)).json, {
    user_id: "dave",
    display_name: "Dave",
    email: "dave@example.test",
    expires_at: "2026-01-08T00:00:00Z",
  });
  assert.deepEqual(await statuses(api), ["pending"]);
  const answer = await accept(api, token);
  assert.deepEqual(answer.json, { user_id: "dave", display_name: "Dave", role: "user" });
  const user = (await api.get("/v1/users/dave")).json as { email: string; grant_count: number };
  assert.deepEqual([user.email, user.grant_count], ["dave@example.test", 1]);
  const json = { user_id: "dave", password: PASSWORD };
  assert.equal((await api.request("POST", "/v1/auth/login", { token: null, json })).status, 200);
  assert.equal((await accept(api, token)).error, "410 invitation_used");
  assert.equal((await lookUp(api, token)).error, "410 invitation_used");
  assert.deepEqual(await statuses(api), ["accepted"]);
});

Deno.test("an invitation that two accept at once makes one account, fifty times", async () => {
  using api = new ApiFixture();
  for (let i = 0; i < 50; i++) {
    const { token } = await invite(api, { user_id: `user${i}` });
    const passwords = [`first password ${i}`, `second password ${i}`];
    const answers = await Promise.all(passwords.map((it) => accept(api, token, it)));
    const said = answers.map(({ status }) => status).toSorted();
    assert.ok(said[0] === 201 && (said[1] === 410 || said[1] === 409), `${said}`);
    const winner = passwords[answers.findIndex(({ status }) => status === 201)];
    assert.equal(api.identity.users.passwordHash(`user${i}`), `fake:${winner}`);
    assert.equal(api.identity.grants.listOf(`user${i}`).length, 1);
  }
});

Deno.test("an invitation ends by time, and by hand", async () => {
  using api = new ApiFixture();
  const [late, revoked] = [await invite(api), await invite(api, { user_id: "erin" })];
  const path = `/v1/invitations/${revoked.invitation_id}`;
  assert.equal((await api.request("DELETE", path)).status, 204);
  assert.equal((await api.request("DELETE", path)).error, "404 invitation_not_found");
  assert.equal((await accept(api, revoked.token)).error, "404 invitation_not_found");
  api.clock.advance(7 * 86_400_000);
  assert.equal((await accept(api, late.token)).error, "410 invitation_expired");
  assert.equal((await lookUp(api, late.token)).error, "410 invitation_expired");
  assert.deepEqual(await statuses(api), ["expired"]);
  assert.equal(api.identity.users.has("dave"), false);
  await invite(api);
});

Deno.test("nobody is invited twice, or beside an account", async () => {
  using api = new ApiFixture();
  await invite(api);
  const again = await api.post("/v1/invitations", DRAFT as never);
  assert.equal(again.error, "409 invitation_pending");
  const known = await api.post("/v1/invitations", { ...DRAFT, user_id: "alice" } as never);
  assert.equal(known.error, "409 user_already_exists");
});

Deno.test("an account that came about meanwhile stays as it is, and the invitation pending", async () => {
  using api = new ApiFixture();
  const { token } = await invite(api);
  api.db.addUser({ userId: "dave", role: "user" });
  api.setPassword("dave", "another password");
  assert.equal((await accept(api, token)).error, "409 user_already_exists");
  assert.equal(api.identity.users.passwordHash("dave"), "fake:another password");
  assert.deepEqual(api.identity.grants.listOf("dave"), []);
  assert.deepEqual(await statuses(api), ["pending"]);
});

Deno.test("POST /v1/invitations refuses what could not become an account", async () => {
  using api = new ApiFixture();
  const grant = DRAFT.grants[0];
  const cases: [Record<string, unknown>, string][] = [
    [{ user_id: "_root" }, "422 reserved_user_id"],
    [{ user_id: "Dave" }, "422 invalid_user_id"],
    [{ display_name: " " }, "422 invalid_display_name"],
    [{ email: "dave" }, "422 email_invalid"],
    [{ email: "dave@example.test\nBcc: all" }, "422 email_invalid"],
    [{ role: "owner" }, "403 role_required"],
    [{ expires_in_days: 0 }, "422 invitation_invalid"],
    [{ expires_in_days: 31 }, "422 invitation_invalid"],
    [{ grants: [{ ...grant, client: "" }] }, "422 invalid_client"],
    [{ grants: [{ ...grant, listen_port_start: 9000 }] }, "422 invalid_port_range"],
    [{ grants: [{ ...grant, protocols: [] }] }, "422 empty_protocol_set"],
  ];
  for (const [change, error] of cases) {
    const answer = await api.post("/v1/invitations", { ...DRAFT, ...change } as never);
    assert.equal(answer.error, error, JSON.stringify(change));
  }
  assert.deepEqual(await statuses(api), []);
});

Deno.test("tokens are not guessed, and a password that is refused costs nothing", async () => {
  using api = new ApiFixture();
  const { token } = await invite(api);
  for (let i = 0; i <= THROTTLE.failuresMax; i++) {
    assert.equal((await accept(api, token, "short")).error, "422 password_too_short");
  }
  for (let i = 0; i < THROTTLE.failuresMax; i++) {
    assert.equal((await lookUp(api, `guess ${i}`)).error, "404 invitation_not_found");
  }
  assert.equal((await accept(api, token)).error, "429 rate_limited");
  api.clock.advance(THROTTLE.lockSecs * 1_000);
  assert.equal((await accept(api, token)).status, 201);
});

Deno.test("no token of an invitation comes into log, audit trail or list", async () => {
  using api = new ApiFixture();
  const { token } = await invite(api);
  await lookUp(api, token);
  await accept(api, token);
  api.clock.advance(AUDIT.batchWindowMs);
  const audit = (await api.get("/v1/audit")).text;
  const told = [JSON.stringify(api.logger.lines), audit, (await api.get("/v1/invitations")).text];
  for (const secret of [token, PASSWORD]) assert.ok(!told.join("\n").includes(secret));
  assert.ok(audit.includes("operator.invitation_accepted"));
});
