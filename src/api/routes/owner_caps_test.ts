import assert from "node:assert/strict";
import { ApiFixture, messageOf } from "../../../tests/kit/api_fixture.ts";
import type { Json } from "../../core/json.ts";

const EDGE = { clientId: "01JABCDEFGHJKMNPQRSTVWXYZ0", clientName: "edge-07" };
const UNKNOWN = "01JABCDEFGHJKMNPQRSTVWXYZ9";
const OWNERS = `/v1/clients/${EDGE.clientId}/owners`;
const CAP = `${OWNERS}/alice/rate-limit`;
/** A body that is wrong in every way that is checked after the client. */
const ALL_WRONG = {
  concurrent_connections_burst: 1,
  bandwidth_in_bps: 0,
  bandwidth_out_burst: 1,
  new_connections_per_sec: 1,
  new_connections_burst: 61,
};

class Fixture extends ApiFixture {
  constructor() {
    super();
    this.db.addClient(EDGE);
  }

  edge(version: string | null = "3.1.0") {
    return this.connect(EDGE, version);
  }

  put(json: Json, path = CAP, token = "root") {
    return this.request("PUT", path, { json, token });
  }

  delete(path = CAP, token = "root") {
    return this.request("DELETE", path, { token });
  }

  /** Caps that are there. */
  async withCaps(): Promise<void> {
    const { session } = this.edge();
    assert.equal((await this.put({ bandwidth_in_bps: 5 })).status, 200);
    this.registry.unregister(session);
  }
}

Deno.test("PUT …/rate-limit stores the caps, shows and sends them", async () => {
  using api = new Fixture();
  const edge = api.edge();
  const { status, text } = await api.put({
    bandwidth_in_bps: 9_007_199_254_740_993n,
    bandwidth_out_bps: null,
    new_connections_per_sec: 10,
    concurrent_connections: 100,
    new_connections_burst: 600,
    unknown: true,
  });
  assert.equal(status, 200);
  const expected = '{"client_name":"edge-07","owner_id":"alice","rate_limit":{' +
    '"bandwidth_in_bps":9007199254740993,"new_connections_per_sec":10,' +
    '"concurrent_connections":100,"new_connections_burst":600},' +
    `"updated_at_unix_ms":${api.clock.now()}}`;
  assert.equal(text, expected);
  assert.equal((await api.get(CAP)).text, expected);
  api.restart();
  assert.equal(api.ownerCaps.get({ ...EDGE, ownerId: "alice" }).limits.concurrentConnections, 100);
  edge.session.outbound.close();
  await edge.over;
  assert.deepEqual(edge.capCommands, ["SET alice"]);
});

Deno.test("PUT …/rate-limit replaces the whole envelope; an empty one is kept", async () => {
  using api = new Fixture();
  api.edge();
  await api.put({ bandwidth_in_bps: 5, concurrent_connections: 1 });
  api.clock.advance(1_000);
  const { json } = await api.put({});
  assert.deepEqual(json, {
    client_name: "edge-07",
    owner_id: "alice",
    rate_limit: {},
    updated_at_unix_ms: api.clock.now(),
  });
  assert.deepEqual((await api.get(CAP)).json, json);
});

Deno.test("PUT …/rate-limit refuses in the stated order", async () => {
  using api = new Fixture();
  const { concurrent_connections_burst: _, ...wrong } = ALL_WRONG;
  const { bandwidth_in_bps: __, ...unpaired } = wrong;
  const { bandwidth_out_burst: ___, ...outside } = unpaired;
  assert.equal((await api.put(ALL_WRONG, CAP, "alice")).error, "403 role_required");
  for (const id of ["C1", "01jabcdefghjkmnpqrstvwxyzu", UNKNOWN]) {
    const answer = await api.put(ALL_WRONG, `/v1/clients/${id}/owners/alice/rate-limit`);
    assert.equal(answer.error, "404 client_not_found");
  }
  assert.equal((await api.put(ALL_WRONG)).error, "400 validation.rate_limit_burst_unsupported");
  const away = await api.put(wrong);
  assert.equal(away.error, "422 rate_limit_unsupported_by_client");
  assert.equal(
    messageOf(away),
    "rate_limit_unsupported_by_client: client edge-07 (version unknown) requires >= 0.11.0",
  );
  for (const version of [null, "0.10.9"]) {
    api.edge(version);
    assert.equal((await api.put(wrong)).error, "422 rate_limit_unsupported_by_client");
  }
  api.edge("0.11.0");
  assert.equal((await api.put(wrong)).error, "400 validation.rate_limit_cap_zero");
  assert.equal((await api.put(unpaired)).error, "400 validation.rate_limit_burst_without_rate");
  assert.equal((await api.put(outside)).error, "400 validation.rate_limit_burst_range");
  assert.equal((await api.get(CAP)).error, "404 owner_rate_limit_not_found");
});

Deno.test("PUT …/rate-limit reads its body before anything else is asked", async () => {
  using api = new Fixture();
  for (
    const [body, status] of [
      ["", 400],
      ["{", 400],
      ["[]", 422],
      [`{"bandwidth_in_bps":1.5}`, 422],
      [`{"bandwidth_in_bps":"1"}`, 422],
      [`{"bandwidth_in_bps":-1}`, 422],
      [`{"bandwidth_in_bps":9223372036854775808}`, 422],
      [`{"concurrent_connections":4294967296}`, 422],
    ] as const
  ) {
    const headers = { "Content-Type": "application/json" };
    const answer = await api.request("PUT", CAP, { body, headers, token: "alice" });
    assert.equal(answer.status, status, body);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
  }
  const typeless = await api.request("PUT", CAP, { body: "{}" });
  assert.equal(typeless.status, 415);
});

Deno.test("GET …/rate-limit tells an unknown client from an owner without caps", async () => {
  using api = new Fixture();
  await api.withCaps();
  for (const id of ["C1", UNKNOWN]) {
    const answer = await api.get(`/v1/clients/${id}/owners/alice/rate-limit`);
    assert.equal(answer.error, "404 client_not_found");
  }
  assert.equal((await api.get(`${OWNERS}/bob/rate-limit`)).error, "404 owner_rate_limit_not_found");
  assert.equal((await api.get(CAP.toLowerCase())).status, 200, "ids are read in either case");
});

Deno.test("DELETE …/rate-limit is idempotent, for any id that is well-formed", async () => {
  using api = new Fixture();
  await api.withCaps();
  const edge = api.edge();
  for (const path of [CAP, CAP, `/v1/clients/${UNKNOWN}/owners/alice/rate-limit`]) {
    const answer = await api.delete(path);
    assert.equal(answer.status, 204);
    assert.equal(answer.text, "");
  }
  assert.equal((await api.get(CAP)).error, "404 owner_rate_limit_not_found");
  const malformed = await api.delete("/v1/clients/C1/owners/alice/rate-limit");
  assert.equal(malformed.error, "404 client_not_found");
  edge.session.outbound.close();
  await edge.over;
  assert.deepEqual(edge.capCommands, ["REMOVE alice", "REMOVE alice"]);
});

Deno.test("GET …/owners lists owners of rules and of caps, sorted", async () => {
  using api = new Fixture();
  api.edge();
  const rule = { client: "edge-07", target_host: "a.local", target_port: 1 };
  for (const listen_port of [1, 2]) {
    assert.equal((await api.post("/v1/rules", { ...rule, listen_port })).status, 201);
  }
  const other = encodeURIComponent("not a user/é");
  await api.put({}, `${OWNERS}/${other}/rate-limit`);
  await api.put({ bandwidth_in_bps: 1 }, `${OWNERS}/_superadmin/rate-limit`);
  assert.deepEqual((await api.get(OWNERS)).json, [
    { owner_id: "_superadmin", has_rate_limit: true, rule_count: 2 },
    { owner_id: "not a user/é", has_rate_limit: true, rule_count: 0 },
  ]);
  for (const id of ["C1", UNKNOWN]) {
    assert.equal((await api.get(`/v1/clients/${id}/owners`)).error, "404 client_not_found");
  }
  for (const ruleId of [0, 1]) {
    assert.equal((await api.request("DELETE", `/v1/rules/${ruleId}`)).status, 204);
  }
  assert.deepEqual((await api.get(OWNERS)).json, [
    { owner_id: "not a user/é", has_rate_limit: true, rule_count: 0 },
  ]);
});

Deno.test("routes of owners' caps are for superadmins, whoever the owner is", async () => {
  using api = new Fixture();
  await api.withCaps();
  const session = await api.login("alice");
  for (
    const [method, path, json] of [
      ["GET", OWNERS, undefined],
      ["GET", CAP, undefined],
      ["PUT", CAP, {}],
      ["DELETE", CAP, undefined],
    ] as const
  ) {
    const body = json === undefined ? {} : { json };
    const refused = await api.request(method, path, { token: "alice", ...body });
    assert.equal(refused.error, "403 role_required");
    assert.equal(messageOf(refused), "rbac: role_required");
    const inBrowser = await api.request(method, path, {
      session,
      ...body,
      headers: { "Content-Type": "application/json" },
    });
    assert.equal(inBrowser.error, "403 role_required");
    const anonymous = await api.request(method, path, { token: null, ...body });
    assert.equal(anonymous.error, "401 unauthenticated");
  }
  assert.equal((await api.get(CAP)).status, 200, "nothing was deleted");
});

Deno.test("routes of owners' caps answer internal_error when the store refuses", async () => {
  using api = new Fixture();
  await api.withCaps();
  api.edge();
  api.db.sabotage("rate_limit_owner");
  assert.equal((await api.put({})).error, "500 internal_error");
  assert.equal((await api.delete()).error, "500 internal_error");
  assert.equal((await api.get(CAP)).status, 200);
});
