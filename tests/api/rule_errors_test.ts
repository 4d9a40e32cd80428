/**
 * Errors of `POST` and `PUT /v1/rules` in their order: every step mends what the last was refused
 * for, and leaves all that is checked later as it is.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Json } from "../../src/core/json.ts";
import { ApiFixture } from "../kit/api_fixture.ts";
import { EDGE } from "../kit/rule_fixture.ts";

type Body = { readonly [key: string]: Json };
/** Who asks, what is changed in the body since the last step, and the answer. */
type Step = [user: string, change: Body, answer: string];

async function climb(
  ask: (body: Body, user: string) => ReturnType<ApiFixture["request"]>,
  steps: readonly Step[],
): Promise<void> {
  let body: Body = {};
  for (const [user, change, expected] of steps) {
    body = { ...body, ...change };
    const answer = await ask(body, user);
    const said = answer.status < 400 ? `${answer.status}` : answer.error;
    assert.equal(said, expected, `${user} ${JSON.stringify(change)}: ${answer.text}`);
  }
}

/** alice may use every port of edge-01, bob none. */
function fixture(): ApiFixture {
  const api = new ApiFixture();
  api.operators.grants.set("alice", [
    { client: "edge-01", listen: { start: 1, end: 65535 }, protocols: ["tcp", "udp"] },
  ]);
  return api;
}

const proxied = { host: "a", port: 1, proxy_protocol: "v1" };

Deno.test("POST /v1/rules with targets checks form, grants, gates and activation, in this order", async () => {
  using api = fixture();
  api.connect(EDGE, "0.6.0");
  await climb((body, user) => api.post("/v1/rules", body, user), [
    ["bob", {
      client: " ",
      listen_port: 0,
      target_host: "a",
      targets: [],
      protocol: "sctp",
      sni_pattern: "x",
      rate_limit: { concurrent_connections: 0 },
      health_check_interval_secs: 0,
    }, "400 rule_shape_conflict"],
    ["bob", { target_host: null }, "400 range_invalid"],
    ["bob", { listen_port: 80 }, "400 validation.sni_on_unsupported_rule"],
    ["bob", { sni_pattern: null }, "400 validation.rate_limit_cap_zero"],
    [
      "bob",
      { rate_limit: { concurrent_connections: 1 } },
      "400 health_check_interval_out_of_range",
    ],
    ["bob", { health_check_interval_secs: 1 }, "400 targets_empty"],
    ["bob", { targets: [proxied, { ...proxied, port: 0 }] }, "400 target_invalid_port"],
    ["bob", { targets: [proxied, proxied] }, "400 targets_duplicate"],
    ["bob", { targets: [proxied, { ...proxied, host: "b" }] }, "400 invalid_name"],
    ["bob", { client: "edge-01" }, "400 invalid_protocol"],
    ["bob", { protocol: "udp" }, "403 client_not_granted"],
    ["alice", {}, "400 validation.proxy_protocol_on_unsupported_rule"],
    ["alice", { protocol: "tcp", sni_pattern: "a.b" }, "422 multi_target_unsupported_by_client"],
    ["alice", { targets: [proxied] }, "422 sni_unsupported_by_client"],
    ["alice", { sni_pattern: null }, "422 proxy_protocol_unsupported_by_client"],
    ["alice", { targets: [{ host: "a", port: 1 }] }, "422 rate_limit_unsupported_by_client"],
    ["alice", { rate_limit: null }, "201"],
  ]);
});

Deno.test("POST /v1/rules with one target checks form, grants, host and activation, in this order", async () => {
  using api = fixture();
  const steps: Step[] = [
    ["bob", {
      client: " ",
      listen_port: 20,
      listen_port_end: 39,
      target_host: "a_b",
      target_port: 0,
      target_port_end: 7,
      protocol: "sctp",
      rate_limit: {},
    }, "400 validation.rate_limit_on_legacy_shape"],
    ["bob", { rate_limit: null }, "400 range_invalid"],
    ["bob", { target_port: 1 }, "400 invalid_name"],
    ["bob", { client: "edge-01" }, "400 invalid_protocol"],
    ["bob", { protocol: "tcp" }, "403 client_not_granted"],
    ["alice", {}, "400 invalid_target_host"],
    ["alice", { target_host: "a" }, "422 client_not_connected"],
  ];
  await climb((body, user) => api.post("/v1/rules", body, user), steps);
  api.connect();
  const taken = { client: "edge-01", listen_port: 25, target_host: "a", target_port: 1 };
  assert.equal((await api.post("/v1/rules", taken)).status, 201);
  const mended = steps.reduce<Body>((body, [, change]) => ({ ...body, ...change }), {});
  await climb((body, user) => api.post("/v1/rules", body, user), [
    ["alice", mended, "400 range_invalid"],
    ["alice", { target_port_end: 20 }, "400 exceeds_cap"],
    ["alice", { listen_port_end: 29, target_port_end: 10 }, "409 port_in_use"],
    ["alice", { listen_port: 26, target_port_end: 4 }, "201"],
  ]);
});

Deno.test("PUT /v1/rules/{id} checks existence, owner, form, sameness and the client, in this order", async () => {
  using api = fixture();
  const edge = api.connect();
  const targets = [{ host: "a", port: 1, priority: 4 }];
  const rule = { client: "edge-01", listen_port: 80, targets };
  assert.equal((await api.post("/v1/rules", rule, "alice")).status, 201);
  const bad: Body = {
    client: "edge-02",
    listen_port: 0,
    target_host: "b",
    targets: [{ host: "a", port: 1 }],
    rate_limit: { concurrent_connections: 0 },
  };
  const missing = await api.request("PUT", "/v1/rules/1", { json: bad, token: "bob" });
  assert.equal(missing.error, "404 rule_not_found");
  api.registry.unregister(edge.session);
  const put = (json: Body, token: string) => api.request("PUT", "/v1/rules/0", { json, token });
  await climb(put, [
    ["bob", bad, "403 not_owner"],
    ["alice", {}, "400 rule_shape_conflict"],
    ["alice", { target_host: null }, "400 range_invalid"],
    ["alice", { listen_port: 81 }, "400 validation.rate_limit_cap_zero"],
    [
      "alice",
      { rate_limit: { concurrent_connections: 1 } },
      "400 validation.rule_update_shape_mismatch",
    ],
    ["alice", { client: "edge-01" }, "400 validation.rule_update_shape_mismatch"],
    // An omitted priority is 0 here, and not that of the rule.
    ["alice", { listen_port: 80 }, "400 validation.rule_update_shape_mismatch"],
    ["alice", { targets }, "422 client_not_connected"],
  ]);
  api.connect();
  await climb(put, [["alice", rule, "200"]]);
});

Deno.test("PUT /v1/rules/{id} of a rule without targets compares host and port before it refuses caps", async () => {
  using api = fixture();
  api.connect();
  const rule = { client: "edge-01", listen_port: 80, target_host: "a", target_port: 1 };
  assert.equal((await api.post("/v1/rules", rule, "alice")).status, 201);
  await climb((json, token) => api.request("PUT", "/v1/rules/0", { json, token }), [
    [
      "alice",
      { ...rule, target_port: 2, rate_limit: {} },
      "400 validation.rule_update_shape_mismatch",
    ],
    ["alice", { target_port: 1 }, "400 validation.rate_limit_on_legacy_shape"],
    ["alice", { rate_limit: null }, "200"],
  ]);
});
