import assert from "node:assert/strict";
import { ApiFixture, messageOf } from "../../../tests/kit/api_fixture.ts";
import type { Json } from "../../core/json.ts";
import { Directory } from "../../identity/directory.ts";

const ALICE = "/v1/users/alice/credentials";
const UNKNOWN = "01JABCDEFGHJKMNPQRSTVWXYZ0";

interface Issued {
  readonly credential_id: string;
  readonly token: string;
}

async function issue(api: ApiFixture, path = ALICE, json: Json = {}): Promise<Issued> {
  const answer = await api.post(path, json);
  assert.equal(answer.status, 201, answer.text);
  return answer.json as unknown as Issued;
}

/** Whether a token opens the API. */
async function works(api: ApiFixture, token: string): Promise<boolean> {
  const operators = new Directory({ ...api.accounts, clock: api.clock });
  return (await operators.authenticate(token)).ok;
}

Deno.test("credentials are for the user themselves and for superadmins", async () => {
  using api = new ApiFixture();
  const { credential_id: id } = await issue(api);
  const [alice, bob] = [await api.login("alice"), await api.login("bob")];
  const routes = [
    ["GET", ALICE],
    ["POST", ALICE, {}],
    ["POST", `${ALICE}/${id}/rotate`, {}],
    ["DELETE", `${ALICE}/${id}`],
    ["GET", "/v1/users/No/credentials"],
  ] as const;
  for (const [method, path, json] of routes) {
    const body = json === undefined ? {} : { json };
    for (const caller of [{ token: "bob" }, { session: bob }]) {
      const answer = await api.request(method, path, { ...caller, ...body });
      assert.equal(answer.error, "403 not_owner", `${method} ${path}`);
      assert.equal(messageOf(answer), "rbac: not_owner");
    }
    const anonymous = await api.request(method, path, { token: null, ...body });
    assert.equal(anonymous.error, "401 unauthenticated");
  }
  for (const caller of [{ token: "alice" }, { session: alice }, { token: "root" }]) {
    assert.equal((await api.request("GET", ALICE, caller)).status, 200);
    assert.equal((await api.request("POST", ALICE, { ...caller, json: {} })).status, 201);
  }
  const evil = await api.request("POST", ALICE, {
    session: alice,
    json: {},
    headers: { Origin: "https://evil.test" },
  });
  assert.equal(evil.error, "403 csrf_origin_mismatch");
});

Deno.test("POST credentials shows a token once; the list shows everything else, oldest first", async () => {
  using api = new ApiFixture();
  const issued = await issue(api, ALICE, { label: "laptop" });
  const { credential_id: first, token } = issued;
  const created_at = "2026-01-01T00:00:00Z";
  assert.deepEqual(issued, {
    credential_id: first,
    user_id: "alice",
    token,
    label: "laptop",
    created_at,
  });
  assert.match(first, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.match(token, /^[\w-]{43}$/);
  api.clock.advance(1_000);
  const { credential_id: second } = await issue(api, ALICE, { label: null });
  assert.equal(await works(api, token), true);
  await api.request("DELETE", `${ALICE}/${second}`);
  const list = await api.get(ALICE, "alice");
  assert.deepEqual(list.json, [
    {
      credential_id: first,
      user_id: "alice",
      label: "laptop",
      created_at,
      last_used_at: "2026-01-01T00:00:01Z",
      status: "active",
      revoked_at: null,
    },
    {
      credential_id: second,
      user_id: "alice",
      label: null,
      created_at: "2026-01-01T00:00:01Z",
      last_used_at: null,
      status: "revoked",
      revoked_at: "2026-01-01T00:00:01Z",
    },
  ]);
  assert.deepEqual((await api.get("/v1/users/me/credentials", "alice")).json, list.json);
  assert.deepEqual((await api.get("/v1/users/me/credentials", "bob")).json, []);
  assert.equal((await api.post("/v1/users/me/credentials", {}, "alice")).status, 405);
  assert.ok(!api.logger.text().includes(token));
});

Deno.test("rotating replaces the token at once and keeps the label unless another is given", async () => {
  using api = new ApiFixture();
  const old = await issue(api, ALICE, { label: "laptop" });
  const rotate = (id: string, options: { json?: Json; body?: string } = {}) =>
    api.request("POST", `${ALICE}/${id}/rotate`, { token: "alice", ...options });
  const answer = await rotate(old.credential_id);
  assert.equal(answer.status, 200);
  const fresh = answer.json as unknown as Issued & { label: string };
  assert.deepEqual(Object.keys(fresh), [
    "credential_id",
    "user_id",
    "token",
    "label",
    "created_at",
  ]);
  assert.equal(fresh.label, "laptop");
  assert.notEqual(fresh.credential_id, old.credential_id);
  assert.deepEqual([await works(api, old.token), await works(api, fresh.token)], [false, true]);

  const again = await rotate(fresh.credential_id, { json: { label: "desk" } });
  assert.equal((again.json as { label: string }).label, "desk");
  assert.equal((await rotate(fresh.credential_id)).error, "404 credential_not_found");
  assert.equal((await rotate(UNKNOWN, { body: "x" })).status, 415);
  assert.equal((await rotate(UNKNOWN, { json: { label: 1 } })).status, 422);
});

Deno.test("rotating leaves the old token good when the store fails", async () => {
  using api = new ApiFixture();
  const { credential_id: id, token } = await issue(api);
  api.db.store.db.exec(
    "CREATE TRIGGER full BEFORE INSERT ON credentials BEGIN SELECT RAISE(ABORT, 'full'); END",
  );
  assert.equal((await api.post(`${ALICE}/${id}/rotate`, {})).error, "500 store_error");
  assert.equal(await works(api, token), true);
});

Deno.test("DELETE credentials voids the token, once", async () => {
  using api = new ApiFixture();
  const { credential_id: id, token } = await issue(api);
  const answer = await api.request("DELETE", `${ALICE}/${id.toLowerCase()}`, { token: "alice" });
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.equal(await works(api, token), false);
  const again = await api.request("DELETE", `${ALICE}/${id}`);
  assert.equal(again.error, "404 credential_not_found");
});

Deno.test("credentials: malformed and unknown users and credentials, and those of others", async () => {
  using api = new ApiFixture();
  const { credential_id: bobs } = await issue(api, "/v1/users/bob/credentials");
  for (const [user, error] of [["No", "422 invalid_user_id"], ["nobody", "404 user_not_found"]]) {
    const path = `/v1/users/${user}/credentials`;
    assert.equal((await api.get(path)).error, error);
    assert.equal((await api.post(path, {})).error, error);
    assert.equal((await api.request("DELETE", `${path}/${bobs}`)).error, error);
    assert.equal((await api.request("POST", `${path}/${bobs}/rotate`)).error, error);
  }
  for (const id of ["x", UNKNOWN, bobs]) {
    const missing = "404 credential_not_found";
    assert.equal((await api.request("DELETE", `${ALICE}/${id}`)).error, missing);
    assert.equal((await api.request("POST", `${ALICE}/${id}/rotate`)).error, missing);
  }
});

Deno.test("the last credential of the only superadmin stays while nothing else lets them in", async () => {
  using api = new ApiFixture();
  const path = "/v1/users/_superadmin/credentials";
  const { credential_id: first } = await issue(api, path);
  const revoke = (id: string) => api.request("DELETE", `${path}/${id}`);
  const refused = await revoke(first);
  assert.equal(refused.error, "409 last_superadmin");
  assert.equal(messageOf(refused), "rbac: last_superadmin");

  const { credential_id: second } = await issue(api, path);
  assert.equal((await revoke(first)).status, 204, "there is another");
  const rotated = await api.request("POST", `${path}/${second}/rotate`);
  assert.equal(rotated.status, 200, "rotating leaves one");
  const { credential_id: third } = rotated.json as unknown as Issued;
  assert.equal((await revoke(third)).error, "409 last_superadmin");
  api.setPassword("_superadmin", "correct horse");
  assert.equal((await revoke(third)).status, 204, "there is a password");
});

Deno.test("POST credentials refuses a label that not every database can keep", async () => {
  using api = new ApiFixture();
  for (const label of ["a\0b", "ä".repeat(600)]) {
    assert.equal((await api.post(ALICE, { label })).status, 422);
  }
  assert.equal((await api.post(ALICE, { label: "ä".repeat(512) })).status, 201);
});
