import assert from "node:assert/strict";
import { ApiFixture, messageOf } from "../../../tests/kit/api_fixture.ts";
import { ruleInput } from "../../../tests/kit/rules.ts";
import type { Json } from "../../core/json.ts";
import { portRange } from "../../core/ports.ts";

const GRANT = {
  user_id: "alice",
  client: "edge-01",
  listen_port_start: 30_000,
  listen_port_end: 30_050,
  protocols: ["udp", "tcp", "udp"],
};

const add = (api: ApiFixture, changes: Record<string, Json> = {}) =>
  api.post("/v1/grants", { ...GRANT, ...changes });

/** The id of a grant that was just added. */
async function added(api: ApiFixture, changes: Record<string, Json> = {}): Promise<string> {
  return ((await add(api, changes)).json as { grant_id: string }).grant_id;
}

const revoke = (api: ApiFixture, id: string) => api.request("DELETE", `/v1/grants/${id}`);

Deno.test("routes of grants are for superadmins, and say so before anything else", async () => {
  using api = new ApiFixture();
  const session = await api.login("alice");
  const id = await added(api);
  const empty = { ...GRANT, user_id: "", protocols: [] };
  const routes = [
    ["GET", "/v1/grants"],
    ["GET", "/v1/grants?user_id=alice"],
    ["POST", "/v1/grants", empty],
    ["DELETE", `/v1/grants/${id}`],
    ["DELETE", "/v1/grants/x"],
  ] as const;
  for (const [method, path, json] of routes) {
    const body = json === undefined ? {} : { json: { ...json, protocols: [...json.protocols] } };
    for (const caller of [{ token: "alice" }, { session }]) {
      const answer = await api.request(method, path, { ...caller, ...body });
      assert.equal(answer.error, "403 role_required", `${method} ${path}`);
      assert.equal(messageOf(answer), "rbac: role_required");
    }
    const anonymous = await api.request(method, path, { token: null, ...body });
    assert.equal(anonymous.error, "401 unauthenticated");
  }
});

Deno.test("POST /v1/grants answers with the grant, and GET lists grants by id", async () => {
  using api = new ApiFixture();
  const answer = await add(api);
  assert.equal(answer.status, 201);
  const { grant_id: first, ...rest } = answer.json as Record<string, Json>;
  assert.match(String(first), /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.deepEqual(rest, {
    ...GRANT,
    protocols: ["tcp", "udp"],
    note: null,
    created_at: "2026-01-01T00:00:00Z",
  });
  const second = await added(api, { user_id: "bob", client: "*", note: "why", protocols: ["tcp"] });
  const ids = async (query: string) =>
    ((await api.get(`/v1/grants${query}`)).json as { grant_id: string }[]).map((it) => it.grant_id);
  assert.deepEqual(await ids(""), [first, second]);
  assert.deepEqual(await ids("?user_id=bob"), [second]);
  assert.deepEqual(await ids("?user_id=nobody"), []);
  assert.deepEqual(await ids("?user_id=_legacy"), []);
  assert.equal((await api.get("/v1/grants?user_id=Bob")).error, "422 invalid_user_id");
  assert.deepEqual(api.logger.of("operator.grant_added")[0]?.fields, {
    actor: "_superadmin",
    target: "alice",
    grant_id: first,
    outcome: "ok",
  });
});

Deno.test("POST /v1/grants checks user, client, ports, protocols and existence, in this order", async () => {
  using api = new ApiFixture();
  const worse: [changes: Record<string, Json>, error: string][] = [
    [{ user_id: "nobody" }, "404 user_not_found"],
    [{ protocols: ["tcp", "TCP"] }, "422 empty_protocol_set"],
    [{ protocols: [] }, "422 empty_protocol_set"],
    [{ listen_port_end: 29_999 }, "422 invalid_port_range"],
    [{ listen_port_start: 0 }, "422 invalid_port_range"],
    [{ client: " " }, "422 invalid_client"],
    [{ user_id: "_superadmin" }, "422 reserved_user_id"],
    [{ user_id: "No" }, "422 invalid_user_id"],
  ];
  let changes = {};
  for (const [change, error] of worse) {
    changes = { ...changes, ...change };
    assert.equal((await add(api, changes)).error, error);
  }
  for (
    const change of [
      { listen_port_end: 65_536 },
      { listen_port_start: "1" },
      { protocols: "tcp" },
      { client: null },
    ]
  ) {
    assert.equal((await add(api, change)).status, 422, JSON.stringify(change));
  }
  assert.deepEqual((await api.get("/v1/grants")).json, []);
});

Deno.test("DELETE /v1/grants/{id} removes the rules that no other grant covers, on clients too", async () => {
  using api = new ApiFixture();
  const edge = api.connect();
  const all = await added(api, { client: "*", listen_port_start: 1, listen_port_end: 65_535 });
  await added(api, { protocols: ["tcp"] });
  const push = (port: number, owner = "alice", ports = 1) => {
    const listen = portRange(port, port + ports - 1);
    const input = ruleInput({ listen, targetPorts: portRange(8_000, 8_000 + ports - 1) });
    return api.rules.push(input, owner, 2_000);
  };
  const covered = await push(30_010);
  const outside = await push(40_000);
  const beyond = await push(30_048, "alice", 5);
  const others = await push(50_000, "bob");

  const answer = await revoke(api, all.toLowerCase());
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, {
    grant_id: all.toLowerCase(),
    removed_rule_ids: [Number(outside.id), Number(beyond.id)],
  });
  assert.deepEqual(api.rules.list().map(({ id }) => id), [covered.id, others.id]);
  assert.equal(api.storedStateOf(outside.id), undefined);
  assert.deepEqual(api.removed, [outside.id, beyond.id]);
  assert.deepEqual(api.logger.of("operator.grant_revoked").map(({ fields }) => fields), [{
    actor: "_superadmin",
    grant_id: all,
    target: "alice",
    cascaded_rules: 2,
    outcome: "ok",
  }]);
  edge.session.cancel();
  await edge.over;
  assert.deepEqual(edge.commands.slice(-2), [`REMOVE ${outside.id}`, `REMOVE ${beyond.id}`]);
});

Deno.test("DELETE /v1/grants/{id} takes a superadmin's rules like a user's", async () => {
  using api = new ApiFixture();
  api.connect();
  const id = await added(api);
  const rule = await api.push();
  api.db.store.db.run("UPDATE users SET role = 'superadmin' WHERE user_id = 'alice'");
  const { removed_rule_ids } = (await revoke(api, id)).json as { removed_rule_ids: Json };
  assert.deepEqual(removed_rule_ids, [Number(rule.id)]);
});

Deno.test("DELETE /v1/grants/{id} answers 404 for ids that are malformed, unknown or gone", async () => {
  using api = new ApiFixture();
  const id = await added(api);
  for (const wrong of ["x", "01JABCDEFGHJKMNPQRSTVWXYZ0", `${id}0`]) {
    assert.equal((await revoke(api, wrong)).error, "404 grant_not_found", wrong);
  }
  assert.equal((await revoke(api, id)).status, 200);
  assert.equal((await revoke(api, id)).error, "404 grant_not_found");
});

Deno.test("DELETE /v1/grants/{id} keeps grant and rules when the store fails", async () => {
  using api = new ApiFixture();
  api.connect();
  const id = await added(api);
  const rule = await api.push();
  api.db.sabotage("rules");
  assert.equal((await revoke(api, id)).error, "500 store_error");
  api.db.repair();
  assert.ok(api.rules.get(rule.id) && api.identity.grants.get(id));
});

Deno.test("GET /v1/users/{id}/grants is for the user themselves and for superadmins", async () => {
  using api = new ApiFixture();
  await api.post("/v1/grants", {
    user_id: "alice",
    client: "edge-01",
    listen_port_start: 1,
    listen_port_end: 9,
    protocols: ["tcp"],
  });
  const clientsOf = async (userId: string, token: string) => {
    const { json } = await api.request("GET", `/v1/users/${userId}/grants`, { token });
    return (json as unknown as { client: string }[]).map((it) => it.client);
  };
  assert.deepEqual(await clientsOf("alice", "alice"), ["edge-01"]);
  assert.deepEqual(await clientsOf("alice", "root"), ["edge-01"]);
  assert.deepEqual(await clientsOf("bob", "bob"), []);
  const other = await api.request("GET", "/v1/users/alice/grants", { token: "bob" });
  assert.equal(other.error, "403 not_owner");
});
