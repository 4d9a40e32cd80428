import assert from "node:assert/strict";
import { ApiFixture, messageOf } from "../../../tests/kit/api_fixture.ts";
import { activates, silent } from "../../../tests/kit/connected_edge.ts";
import { portStats, ruleStatus, targetStats } from "../../../tests/kit/messages.ts";
import { ACK_MS, EDGE, EDGE_2 } from "../../../tests/kit/rule_fixture.ts";
import type { Json } from "../../core/json.ts";
import { ActivationOutcome } from "../../wire/gen/portunus/v1/portunus_pb.ts";

const SINGLE = { client: "edge-01", listen_port: 18_080, target_host: "10.0.0.5", target_port: 80 };
const LISTED = {
  client: "edge-01",
  listen_port: 8_443,
  sni_pattern: "*.Example.com",
  targets: [
    { host: "a.local", port: 443, proxy_protocol: "V2" },
    { host: "b.local", port: 443, priority: 7 },
  ],
  health_check_interval_secs: 10,
  rate_limit: { bandwidth_in_bps: 9_223_372_036_854_775_807n, concurrent_connections: 3 },
};
const RATE_LIMIT = `{"bandwidth_in_bps":9223372036854775807,"concurrent_connections":3}`;

Deno.test("POST /v1/rules answers with the active rule, integers exact and unset members left out", async () => {
  using api = new ApiFixture();
  api.connect();
  const single = await api.post("/v1/rules", { ...SINGLE, client: "edge-01", extra: true });
  assert.equal(single.status, 201);
  assert.equal(
    single.text,
    `{"rule_id":0,"status":"Active","target_host":"10.0.0.5","prefer_ipv6":false,` +
      `"protocol":"tcp","owner":"_superadmin"}`,
  );
  const listed = await api.post("/v1/rules", LISTED);
  assert.equal(
    listed.text,
    `{"rule_id":1,"status":"Active","target_host":"a.local","prefer_ipv6":false,` +
      `"protocol":"tcp","owner":"_superadmin","sni_pattern":"*.example.com",` +
      `"rate_limit":${RATE_LIMIT}}`,
  );
});

Deno.test("POST /v1/rules passes the reasons on under their codes", async () => {
  using api = new ApiFixture();
  const code = async (body: Json) => (await api.post("/v1/rules", body)).error;
  assert.equal(await code({ client: "a", listen_port: 1 }), "400 rule_shape_missing");
  assert.equal(await code({ ...SINGLE, protocol: "sctp" }), "400 invalid_protocol");
  assert.equal(await code(SINGLE), "422 client_not_connected");
  assert.equal(await code(LISTED), "422 proxy_protocol_unsupported_by_client");

  const edge = api.connect();
  edge.answer = ({ requestId }) =>
    ruleStatus({ requestId, outcome: ActivationOutcome.FAILED, reason: "port_in_use" });
  const failed = await api.post("/v1/rules", SINGLE);
  assert.equal(failed.error, "422 activation_failed");
  assert.equal(messageOf(failed), "activation_failed: port_in_use");
  edge.answer = activates;
  const taken = await api.post("/v1/rules", SINGLE);
  assert.equal(taken.error, "409 port_in_use");
  assert.equal(messageOf(taken), "port_in_use: port 18080 already in use");
});

Deno.test("POST /v1/rules waits as long as it is told, 2 seconds otherwise, and then says 504", async () => {
  using api = new ApiFixture();
  api.connect().answer = silent;
  for (
    const [secs, waitMs] of [[undefined, ACK_MS], [9, 9_000], [2n ** 64n - 1n, 300_000]] as const
  ) {
    const sent = api.logger.of("audit.rule_push").length + 1;
    let answered = false;
    const answer = api.post("/v1/rules", { ...SINGLE, ack_timeout_secs: secs })
      .finally(() => answered = true);
    await api.logger.seen("audit.rule_push", sent);
    api.clock.advance(waitMs - 1);
    assert.equal(answered, false);
    api.clock.advance(1);
    assert.equal((await answer).error, "504 ack_timeout");
  }
});

Deno.test("POST /v1/rules holds users to their grants, superadmins to none", async () => {
  using api = new ApiFixture();
  api.connect();
  api.connect(EDGE_2);
  const grant = (client: string, start: number, end: number, protocols: ("tcp" | "udp")[]) => ({
    client,
    listen: { start, end },
    protocols,
  });
  const code = async (body: Json) => (await api.post("/v1/rules", body, "alice")).error;
  assert.equal(await code(SINGLE), "403 client_not_granted");
  api.operators.grants.set("alice", [grant("edge-01", 100, 200, ["tcp"])]);
  assert.equal(await code({ ...SINGLE, client: "edge-02" }), "403 client_not_granted");
  assert.equal(await code({ ...SINGLE, protocol: "udp" }), "403 protocol_not_granted");
  const outside = await api.post("/v1/rules", SINGLE, "alice");
  assert.equal(outside.error, "403 port_outside_grant");
  assert.equal(messageOf(outside), "rbac: port_outside_grant");
  assert.equal(
    await code({ ...SINGLE, protocol: "udp", target_host: "-" }),
    "403 protocol_not_granted",
    "rights come before the host",
  );
  assert.equal(await code({ ...SINGLE, listen_port: 0 }), "400 range_invalid", "shape comes first");

  const granted = await api.post("/v1/rules", { ...SINGLE, listen_port: 150 }, "alice");
  assert.equal((granted.json as { owner: string }).owner, "alice");
  assert.equal((await api.post("/v1/rules", SINGLE)).status, 201);
});

Deno.test("GET /v1/rules lists rules by id with exactly the members that are set", async () => {
  using api = new ApiFixture();
  api.connect();
  await api.post("/v1/rules", SINGLE);
  await api.post("/v1/rules", {
    ...SINGLE,
    listen_port: 1,
    listen_port_end: 2,
    target_port_end: 81,
    protocol: "UDP",
    prefer_ipv6: true,
  });
  await api.post("/v1/rules", LISTED);
  const at = "2026-01-01T00:00:00Z";
  const common = { client_id: "C1", client_name: "edge-01", prefer_ipv6: false, protocol: "tcp" };
  const state = { state: { kind: "active" }, created_at: at, last_state_change_at: at };
  const owner = { owner_user_id: "_superadmin" };
  const target = { host: "10.0.0.5", port: 80, priority: 0, proxy_protocol: null, health: null };
  const single = { target_host: "10.0.0.5", target_port: 80, targets: [target] };
  assert.deepEqual((await api.get("/v1/rules")).json, [
    { id: 0, ...common, listen_port: 18_080, ...single, ...state, ...owner },
    {
      id: 1,
      ...common,
      listen_port: 1,
      listen_port_end: 2,
      ...single,
      target_port_end: 81,
      prefer_ipv6: true,
      protocol: "udp",
      ...state,
      ...owner,
    },
    {
      id: 2,
      ...common,
      listen_port: 8_443,
      target_host: "a.local",
      target_port: 443,
      targets: [
        { host: "a.local", port: 443, priority: 0, proxy_protocol: "v2", health: null },
        { host: "b.local", port: 443, priority: 7, proxy_protocol: null, health: null },
      ],
      ...state,
      ...owner,
      health_check_interval_secs: 10,
      sni_pattern: "*.example.com",
      rate_limit: { bandwidth_in_bps: 2n ** 63n - 1n, concurrent_connections: 3 },
    },
  ]);
});

Deno.test("GET /v1/rules shows the health of targets once their stats came", async () => {
  using api = new ApiFixture();
  const { session } = api.connect();
  await api.post("/v1/rules", LISTED);
  api.report(session, {
    ruleId: 0n,
    perTarget: [
      targetStats({
        index: 1,
        health: 1,
        consecutiveFailures: 3,
        lastFailureAtUnixMs: 1_778_148_000_000n,
      }),
    ],
  });
  const [rule] = (await api.get("/v1/rules")).json as { targets: { health: unknown }[] }[];
  assert.deepEqual(rule?.targets.map(({ health }) => health), [null, {
    healthy: false,
    consecutive_failures: 3,
    last_failure_at_unix_ms: 1_778_148_000_000,
    last_success_at_unix_ms: 0,
  }]);
});

Deno.test("GET /v1/rules filters by client and, for superadmins, owner; users see their own", async () => {
  using api = new ApiFixture();
  api.connect();
  api.connect(EDGE_2);
  await api.push({ port: 1 });
  await api.push({ port: 2 }, "edge-02");
  await api.post("/v1/rules", SINGLE);
  const ids = async (query: string, token?: string) =>
    ((await api.get(`/v1/rules${query}`, token)).json as { id: number }[]).map(({ id }) => id);
  assert.deepEqual(await ids(""), [0, 1, 2]);
  assert.deepEqual(await ids("?client=%20edge-02%20"), [1]);
  assert.deepEqual(await ids("?client="), [0, 1, 2]);
  assert.deepEqual(await ids("?client=EDGE-02"), []);
  assert.deepEqual(await ids("?owner=alice"), [0, 1]);
  assert.deepEqual(await ids("?owner=alice&client=edge-01"), [0]);
  assert.deepEqual(await ids("?owner=_superadmin", "alice"), [0, 1], "ignored for users");
  assert.deepEqual(await ids("", "bob"), []);
});

Deno.test("GET, DELETE and stats of a rule are for its owner and superadmins", async () => {
  using api = new ApiFixture();
  const edge = api.connect();
  await api.push({ port: 1 });
  for (
    const [method, path] of [
      ["GET", "/v1/rules/0"],
      ["DELETE", "/v1/rules/0"],
      ["GET", "/v1/rules/0/stats"],
    ] as const
  ) {
    const answer = await api.request(method, path, { token: "bob" });
    assert.equal(answer.error, "403 not_owner");
    assert.equal(messageOf(answer), "rbac: not_owner");
    const unknown = await api.request(method, path.replace("0", "9"), { token: "bob" });
    assert.equal(unknown.error, "404 rule_not_found");
    assert.equal(messageOf(unknown), "rule_not_found");
  }
  const one = await api.get("/v1/rules/0", "alice");
  assert.deepEqual([one.json], (await api.get("/v1/rules")).json);

  const removed = await api.request("DELETE", "/v1/rules/0", { token: "alice" });
  assert.deepEqual([removed.status, removed.text], [204, ""]);
  assert.deepEqual(edge.commands, ["PUSH 0", "REMOVE 0"]);
  assert.equal((await api.request("DELETE", "/v1/rules/0")).error, "404 rule_not_found");
});

Deno.test("GET /v1/rules/{id}/stats gives the latest counters exactly, 404 until there are any", async () => {
  using api = new ApiFixture();
  const { session } = api.connect();
  await api.push();
  assert.equal((await api.get("/v1/rules/0/stats")).error, "404 rule_not_found");
  api.report(session, { ruleId: 0n, bytesIn: 2n ** 64n - 1n, bytesOut: 5n, activeConnections: 2 });
  const stats = await api.get("/v1/rules/0/stats", "alice");
  assert.equal(
    stats.text,
    `{"rule_id":0,"client_name":"edge-01","bytes_in":18446744073709551615,"bytes_out":5,` +
      `"active_connections":2,"dns_failures":0,"datagrams_in":0,"datagrams_out":0,` +
      `"active_flows":0,"flows_dropped_overflow":0,"target_failovers_total":0,` +
      `"updated_at":"2026-01-01T00:00:00Z","protocol":"tcp"}`,
  );
  await api.request("DELETE", "/v1/rules/0");
  assert.equal((await api.get("/v1/rules/0/stats")).error, "404 rule_not_found");
});

Deno.test("GET /v1/rules/{id}/stats adds ports and targets by flag and presence", async () => {
  using api = new ApiFixture();
  const { session } = api.connect();
  await api.push();
  const members = async (query: string) => {
    const { per_port, per_target } = (await api.get(`/v1/rules/0/stats${query}`)).json as {
      per_port?: Json[];
      per_target?: Json[];
    };
    return [per_port?.length, per_target?.length];
  };
  api.report(session, { ruleId: 0n });
  assert.deepEqual(await members(""), [undefined, undefined]);
  assert.deepEqual(await members("?per_port=1&per_target=yes"), [undefined, 0]);
  assert.deepEqual(await members("?per_target=TRUE"), [undefined, undefined]);

  api.report(session, {
    ruleId: 0n,
    perPort: [2, 1].map((listenPort) => portStats({ listenPort, bytesIn: 3n })),
    perTarget: [targetStats({ host: "a", port: 1 })],
  });
  assert.deepEqual(await members(""), [undefined, 1], "targets come without the flag too");
  assert.deepEqual(await members("?per_port=true"), [2, 1]);
  const { per_port, per_target } = (await api.get("/v1/rules/0/stats?per_port=yes")).json as {
    per_port: { listen_port: number }[];
    per_target: Json[];
  };
  assert.deepEqual(per_port.map(({ listen_port }) => listen_port), [1, 2]);
  assert.deepEqual(per_port[0], {
    listen_port: 1,
    bytes_in: 3,
    bytes_out: 0,
    active_connections: 0,
    datagrams_in: 0,
    datagrams_out: 0,
    updated_at: "2026-01-01T00:00:00Z",
  });
  assert.deepEqual(per_target, [{
    index: 0,
    host: "a",
    port: 1,
    priority: 0,
    health: 0,
    consecutive_failures: 0,
    last_failure_at_unix_ms: 0,
    last_success_at_unix_ms: 0,
    bytes_in: 0,
    bytes_out: 0,
    connections_accepted: 0,
  }]);
});

Deno.test("a rule of a session that was superseded is reached through the new one", async () => {
  using api = new ApiFixture();
  api.connect();
  await api.push();
  const edge = api.connect(EDGE);
  await api.request("DELETE", "/v1/rules/0");
  assert.deepEqual(edge.commands, ["REMOVE 0"]);
});
