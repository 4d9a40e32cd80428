import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";

interface Listed {
  readonly session_id: string;
  readonly current: boolean;
}

Deno.test("sessions are listed with the caller's own marked, and ended one by one", async () => {
  using api = new ApiFixture();
  const here = await api.login("alice");
  const there = await api.login("alice");
  const path = "/v1/users/alice/sessions";
  const listed = async () =>
    (await api.request("GET", path, { session: here })).json as unknown as Listed[];
  const sessions = await listed();
  assert.deepEqual(sessions.map((it) => it.current).toSorted(), [false, true]);
  const other = sessions.find((it) => !it.current)?.session_id;
  const end = () => api.request("DELETE", `${path}/${other}`, { session: here });
  assert.equal((await end()).status, 204);
  assert.equal((await end()).error, "404 session_not_found");
  const ended = await api.request("GET", "/v1/users/me", { session: there });
  assert.equal(ended.error, "401 credential_invalid");
  assert.equal((await listed()).length, 1);
});

Deno.test("sessions of others are for superadmins", async () => {
  using api = new ApiFixture();
  await api.login("alice");
  const path = "/v1/users/alice/sessions";
  assert.equal((await api.request("GET", path, { token: "bob" })).error, "403 not_owner");
  const { json } = await api.request("GET", path);
  assert.deepEqual((json as unknown as Listed[]).map((it) => it.current), [false]);
  const unknown = await api.request("GET", "/v1/users/nobody/sessions");
  assert.equal(unknown.error, "404 user_not_found");
});
