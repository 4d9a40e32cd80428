import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";
import { turn } from "../../../tests/kit/turn.ts";
import type { Json } from "../../core/json.ts";

const CLIENT = { clientId: "01JABCDEFGHJKMNPQRSTVWXYZ0", clientName: "edge-03" };
const UNKNOWN = "71JABCDEFGHJKMNPQRSTVWXYZ0";
const QUOTA = `/v1/users/alice/quotas/${CLIENT.clientId}`;
const NOW = 1_767_225_600;

/** A client that knows quotas, and alice, who may forward on it. */
function ready(api: ApiFixture) {
  api.db.addClient(CLIENT);
  const listen = { start: 1, end: 2 };
  api.operators.grants.set("alice", [{ client: "edge-03", listen, protocols: ["tcp"] }]);
  return api.connect(CLIENT);
}

const put = (
  api: ApiFixture,
  json: Json = { monthly_bytes: 1_000 },
  token = "root",
  path = QUOTA,
) => api.request("PUT", path, { json, token });
const patch = (api: ApiFixture, json: Json, token = "root", path = QUOTA) =>
  api.request("PATCH", path, { json, token });
const remove = (api: ApiFixture, token = "root", path = QUOTA) =>
  api.request("DELETE", path, { token });

const VIEW = {
  user_id: "alice",
  client_id: CLIENT.clientId,
  client_name: "edge-03",
  monthly_bytes: 1_000,
  billing_anchor: NOW,
  current_period_started_at: NOW,
  current_period_ends_at: NOW + 31 * 86_400,
  current_period_bytes_used: 0,
  budget_remaining_bytes: 1_000,
  exhausted_at: null,
  exhausted: false,
  created_at: NOW,
  updated_at: NOW,
};

Deno.test("PUT …/quotas/{client} answers with the quota, exactly, and tells the client", async () => {
  using api = new ApiFixture();
  const edge = ready(api);
  const answer = await put(api);
  assert.deepEqual([answer.status, answer.json], [200, VIEW]);
  const large = await put(api, { monthly_bytes: 2n ** 63n - 1n, billing_anchor: -1 });
  assert.equal(large.status, 200);
  assert.ok(large.text.includes('"monthly_bytes":9223372036854775807,"billing_anchor":-1,'));
  const last = await put(api, { monthly_bytes: 0, billing_anchor: 8_640_000_000_000 });
  assert.ok(last.text.includes('"current_period_ends_at":9223372036854775807,'));
  assert.equal((await put(api, { monthly_bytes: 1, billing_anchor: null })).status, 200);
  await turn();
  assert.deepEqual(edge.quotaCommands, [
    "SET alice 1000 left",
    `SET alice ${2n ** 63n - 1n} left`,
    "SET alice 0 left",
    "SET alice 1 left",
  ]);
});

Deno.test("PUT …/quotas/{client} refuses, the first reason first", async () => {
  using api = new ApiFixture();
  const wrong = { monthly_bytes: -1, billing_anchor: 2n ** 62n };
  const malformed = "/v1/users/alice/quotas/edge-03";
  const unknown = `/v1/users/alice/quotas/${UNKNOWN}`;
  assert.equal((await put(api, wrong, "alice", malformed)).error, "403 role_required");
  assert.equal((await put(api, wrong, "root", malformed)).error, "400 invalid_quota_size");
  const sized = { ...wrong, monthly_bytes: 0 };
  assert.equal((await put(api, sized, "root", malformed)).error, "404 client_not_found");
  assert.equal((await put(api, sized, "root", unknown)).error, "404 client_not_found");
  api.db.addClient(CLIENT);
  assert.equal((await put(api, sized)).error, "422 quota_target_not_found");
  const listen = { start: 1, end: 2 };
  api.operators.grants.set("alice", [{ client: "edge-01", listen, protocols: ["tcp"] }]);
  assert.equal((await put(api, sized)).error, "422 quota_target_not_found");
  api.operators.grants.set("alice", [{ client: "*", listen, protocols: ["tcp"] }]);
  assert.equal((await put(api, sized)).error, "422 quota_unsupported_by_client");
  api.connect(CLIENT, "1.3.0");
  assert.equal((await put(api, sized)).error, "422 quota_unsupported_by_client");
  api.connect(CLIENT, "1.4.0");
  assert.equal((await put(api, sized)).error, "400 invalid_billing_anchor");
  assert.equal((await api.get(`${QUOTA}/status`)).error, "404 quota_not_found");
});

Deno.test("PUT and PATCH …/quotas/{client} refuse bodies that are none, before anything else", async () => {
  using api = new ApiFixture();
  const bodies: readonly [body: string, status: number][] = [
    ["", 400],
    ["{", 400],
    ["[]", 422],
    ['{"monthly_bytes":"1"}', 422],
    ['{"monthly_bytes":1.0}', 422],
    ['{"monthly_bytes":1.5}', 422],
    ['{"monthly_bytes":9223372036854775808}', 422],
    ['{"monthly_bytes":1,"billing_anchor":-9223372036854775809}', 422],
  ];
  const headers = { "Content-Type": "application/json" };
  for (const [body, status] of bodies) {
    const answer = await api.request("PUT", QUOTA, { body, headers, token: "alice" });
    assert.equal(answer.status, status, body);
    assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8", body);
  }
  for (const json of [{}, { monthly_bytes: null }, { billing_anchor: 1 }]) {
    assert.equal((await put(api, json, "alice")).status, 422);
  }
  for (const json of [{ monthly_bytes: true }, { clear_period_usage: 1 }]) {
    assert.equal((await patch(api, json, "alice")).status, 422);
  }
  const untyped = await api.request("PATCH", QUOTA, { body: "{}", token: "alice" });
  assert.equal(untyped.status, 415);
});

Deno.test("PATCH …/quotas/{client} changes the limit, or clears what was used", async () => {
  using api = new ApiFixture();
  const edge = ready(api);
  await put(api);
  api.traffic.quotas.patch({ userId: "alice", clientId: CLIENT.clientId }, {
    monthlyBytes: 0n,
    clearUsage: false,
  });
  api.clock.advance(5_000);
  const exhausted = await api.get(`${QUOTA}/status`);
  assert.deepEqual(exhausted.json, {
    ...VIEW,
    monthly_bytes: 0,
    budget_remaining_bytes: 0,
    exhausted_at: NOW,
    exhausted: true,
  });
  const more = await patch(api, { monthly_bytes: 2_000 });
  assert.deepEqual([more.status, more.json], [200, {
    ...VIEW,
    monthly_bytes: 2_000,
    budget_remaining_bytes: 2_000,
    updated_at: NOW + 5,
  }]);
  const both = await patch(api, { monthly_bytes: 0, clear_period_usage: true });
  assert.equal((both.json as { exhausted: boolean }).exhausted, false);
  for (const json of [{}, { monthly_bytes: null, clear_period_usage: null }]) {
    assert.deepEqual((await patch(api, json)).json, both.json);
  }
  await turn();
  assert.equal(edge.quotaCommands.length, 6, "every one is told");
});

Deno.test("PATCH …/quotas/{client} refuses, the first reason first", async () => {
  using api = new ApiFixture();
  const wrong = { monthly_bytes: -1 };
  const malformed = "/v1/users/alice/quotas/edge-03";
  assert.equal((await patch(api, wrong, "alice", malformed)).error, "403 role_required");
  assert.equal((await patch(api, wrong, "root", malformed)).error, "404 client_not_found");
  assert.equal((await patch(api, wrong)).error, "404 quota_not_found");
  ready(api);
  await put(api);
  assert.equal((await patch(api, wrong)).error, "400 invalid_quota_size");
  api.registry.disconnectAll();
  assert.equal((await patch(api, { monthly_bytes: 3 })).status, 200, "it needs no client");
});

Deno.test("DELETE …/quotas/{client} removes it, once", async () => {
  using api = new ApiFixture();
  const edge = ready(api);
  await put(api);
  assert.equal((await remove(api, "alice", "/v1/users/alice/quotas/x")).error, "403 role_required");
  assert.equal(
    (await remove(api, "root", "/v1/users/alice/quotas/x")).error,
    "404 client_not_found",
  );
  const answer = await remove(api);
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.equal((await remove(api)).error, "404 quota_not_found");
  await turn();
  assert.deepEqual(edge.quotaCommands, ["SET alice 1000 left", "REMOVE alice"]);
});

Deno.test("GET …/quotas/{client}/status is for the user and for superadmins", async () => {
  using api = new ApiFixture();
  ready(api);
  await put(api);
  for (const token of ["root", "alice"]) {
    assert.deepEqual((await api.get(`${QUOTA}/status`, token)).json, VIEW);
  }
  const malformed = "/v1/users/alice/quotas/edge-03/status";
  assert.equal((await api.get(malformed, "bob")).error, "403 not_owner");
  assert.equal((await api.get(malformed, "alice")).error, "404 client_not_found");
  const other = `/v1/users/alice/quotas/${UNKNOWN}/status`;
  assert.equal((await api.get(other, "alice")).error, "404 quota_not_found");
  const lower = QUOTA.replace(CLIENT.clientId, CLIENT.clientId.toLowerCase());
  assert.equal((await api.get(`${lower}/status`, "alice")).status, 200);
});

Deno.test("GET /v1/users/{user}/quotas lists by client, for the user and for superadmins", async () => {
  using api = new ApiFixture();
  ready(api);
  const second = { clientId: UNKNOWN, clientName: "edge-03" };
  api.db.addClient(second);
  api.connect(second);
  await put(api, { monthly_bytes: 7 }, "root", `/v1/users/alice/quotas/${UNKNOWN}`);
  await put(api);
  const other = { ...VIEW, client_id: UNKNOWN, monthly_bytes: 7, budget_remaining_bytes: 7 };
  for (const token of ["root", "alice"]) {
    assert.deepEqual((await api.get("/v1/users/alice/quotas", token)).json, [VIEW, other]);
  }
  assert.equal((await api.get("/v1/users/alice/quotas", "bob")).error, "403 not_owner");
  assert.deepEqual((await api.get("/v1/users/nobody/quotas")).json, []);
});

Deno.test("GET /v1/clients/{client}/quotas lists by user, for superadmins", async () => {
  using api = new ApiFixture();
  ready(api);
  const path = (id: string) => `/v1/clients/${id}/quotas`;
  assert.deepEqual((await api.get(path(CLIENT.clientId))).json, []);
  await put(api);
  assert.deepEqual((await api.get(path(CLIENT.clientId))).json, [VIEW]);
  assert.equal((await api.get(path("edge-03"), "alice")).error, "403 role_required");
  assert.equal((await api.get(path("edge-03"))).error, "404 client_not_found");
  assert.equal((await api.get(path(UNKNOWN))).error, "404 client_not_found");
});

Deno.test("quota routes want an operator, and answer 500 when the store fails", async () => {
  using api = new ApiFixture();
  ready(api);
  const paths = [QUOTA, `${QUOTA}/status`, "/v1/users/alice/quotas"];
  for (const path of [...paths, `/v1/clients/${CLIENT.clientId}/quotas`]) {
    assert.equal((await api.request("GET", path, { token: null })).error, "401 unauthenticated");
  }
  const answer = await api.get(QUOTA);
  assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "PUT,PATCH,DELETE"]);
  api.db.sabotage("traffic_quotas", "database or disk is full");
  assert.equal((await put(api)).error, "500 store_error");
});
