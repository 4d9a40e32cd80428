import assert from "node:assert/strict";
import { ApiFixture, messageOf } from "../../../tests/kit/api_fixture.ts";
import { silent } from "../../../tests/kit/connected_edge.ts";
import { ruleStatus } from "../../../tests/kit/messages.ts";
import { ACK_MS, EDGE } from "../../../tests/kit/rule_fixture.ts";
import type { Json } from "../../core/json.ts";
import { ActivationOutcome } from "../../wire/gen/portunus/v1/portunus_pb.ts";

const RULE = {
  client: "edge-01",
  listen_port: 8_443,
  targets: [{ host: "a.local", port: 443, priority: 0 }],
  rate_limit: { concurrent_connections: 3 },
};

async function withRule(body: Json = RULE, version: string | null = "3.1.0") {
  const api = new ApiFixture();
  const edge = api.connect(EDGE, version);
  assert.equal((await api.post("/v1/rules", body)).status, 201);
  const put = (json: Json, token = "root", id = "0") =>
    api.request("PUT", `/v1/rules/${id}`, { json, token });
  return { api, edge, put };
}

Deno.test("PUT /v1/rules/{id} replaces the caps here and on the client; absent ones are lifted", async () => {
  const { api, edge, put } = await withRule();
  using _ = api;
  const caps = {
    bandwidth_in_bps: 9_007_199_254_740_993n,
    bandwidth_in_burst: 9_007_199_254_740_993n,
  };
  const answer = await put({ ...RULE, rate_limit: caps });
  assert.equal(answer.status, 200);
  assert.match(
    answer.text,
    /"rule_id":0,"status":"Active".*"rate_limit":\{"bandwidth_in_bps":9007199254740993,/,
  );
  assert.deepEqual(edge.commands, ["PUSH 0", "PUSH 0"]);
  assert.equal(edge.updates[1]?.rule?.rateLimit?.bandwidthInBps, 9_007_199_254_740_993n);
  assert.equal(edge.updates[1]?.rule?.rateLimit?.concurrentConnections, undefined);
  api.restart();
  assert.equal(api.rules.get(0n)?.limits?.bandwidthInBps, 9_007_199_254_740_993n);
});

Deno.test("PUT /v1/rules/{id} without caps lifts them", async () => {
  const { api, edge, put } = await withRule();
  using _ = api;
  const { rate_limit: _caps, ...bare } = RULE;
  assert.equal((await put(bare)).status, 200);
  assert.equal(edge.updates[1]?.rule?.rateLimit, undefined);
  assert.equal(api.rules.get(0n)?.limits, null);
});

Deno.test("PUT /v1/rules/{id} changes nothing but caps, and nothing at all for a client that is away", async () => {
  const { api, edge, put } = await withRule();
  using _ = api;
  for (
    const other of [{ listen_port: 1 }, { client: "edge-02" }, { protocol: "udp" }, { targets: [] }]
  ) {
    const { error } = await put({ ...RULE, ...other });
    assert.match(error, /^400 (validation\.rule_update_shape_mismatch|targets_empty)$/);
  }
  assert.equal(
    (await put({ ...RULE, rate_limit: { concurrent_connections: 0 } })).error,
    "400 validation.rate_limit_cap_zero",
  );
  assert.equal((await put(RULE, "alice")).error, "403 not_owner");
  assert.equal((await put(RULE, "root", "7")).error, "404 rule_not_found");
  api.registry.unregister(edge.session);
  const away = await put({ ...RULE, rate_limit: { concurrent_connections: 9 } });
  assert.equal(away.error, "422 client_not_connected");
  assert.equal(api.rules.get(0n)?.limits?.concurrentConnections, 3);
  assert.deepEqual(edge.commands, ["PUSH 0"]);
});

Deno.test("PUT /v1/rules/{id} says when the client did not answer, or could not; the caps are stored", async () => {
  const { api, edge, put } = await withRule();
  using _ = api;
  edge.answer = ({ requestId }) =>
    ruleStatus({ requestId, outcome: ActivationOutcome.FAILED, reason: "unsupported: limits" });
  const refused = await put({ ...RULE, rate_limit: { concurrent_connections: 4 } });
  assert.equal(refused.error, "422 activation_failed");
  assert.equal(messageOf(refused), "activation_failed: unsupported: limits");
  assert.deepEqual(api.stateOf(0n), { kind: "active" }, "the rule runs as before");

  const pushed = Promise.withResolvers<void>();
  edge.answer = (update) => {
    pushed.resolve();
    return silent(update);
  };
  const waiting = put({ ...RULE, rate_limit: { concurrent_connections: 5 } });
  await pushed.promise;
  api.clock.advance(ACK_MS);
  assert.equal((await waiting).error, "504 ack_timeout");
  assert.equal(api.rules.get(0n)?.limits?.concurrentConnections, 5);
});

Deno.test("PUT /v1/rules/{id} asks whether the client is new enough", async () => {
  const { rate_limit: _caps, ...bare } = RULE;
  const { api, put } = await withRule(bare, "0.10.0");
  using _ = api;
  assert.equal((await put(RULE)).error, "422 rate_limit_unsupported_by_client");
});
