import assert from "node:assert/strict";
import fc from "fast-check";
import type { RuleSpec } from "../core/rule.ts";
import { type ClientState, decodeState, encodeState, StateError } from "./client_state.ts";

const owner = {
  clientId: "01J8X4ZKQ9A1B2C3D4E5F6G7H8",
  clientName: "edge-01",
  serverCertSha256: "ab".repeat(32),
};
const udp = { flowsMax: 7, idleMs: 30_000 };
const empty: ClientState = { udp, rules: [], caps: [], quotas: [] };

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const u32 = fc.nat(2 ** 32 - 1);
const port = fc.integer({ min: 1, max: 60_000 });
const host = fc.constantFrom("10.0.0.5", "[::1]", "backend.example");
const caps = fc.record({
  bandwidthInBps: u64,
  bandwidthOutBps: u64,
  newConnectionsPerSec: u32,
  concurrentConnections: u32,
  bandwidthInBurst: u64,
  bandwidthOutBurst: u64,
  newConnectionsBurst: u32,
}, { requiredKeys: [], noNullPrototype: true });
const target = fc.record({
  host,
  port,
  priority: u32,
  proxyProtocol: fc.constantFrom(null, "v1" as const, "v2" as const),
}, { noNullPrototype: true });

/** Rules as `ruleFromWire()` makes them. */
const rule: fc.Arbitrary<RuleSpec> = fc.record({
  id: u64,
  protocol: fc.constantFrom("tcp" as const, "udp" as const),
  start: port,
  length: fc.integer({ min: 0, max: 1_023 }),
  targetStart: port,
  targetHost: host,
  preferIpv6: fc.boolean(),
  targets: fc.array(target, { maxLength: 3 }),
  healthCheckIntervalSecs: fc.option(fc.integer({ min: 1, max: 3_600 })),
  sniPattern: fc.option(fc.constantFrom("a.example", "*.example.com")),
  limits: fc.option(caps),
  ownerId: fc.option(fc.constantFrom("", "alice", "jürgen \u{1f980}")),
}).map(({ start, length, targetStart, ...rest }) => ({
  ...rest,
  listen: { start, end: start + length },
  targetPorts: { start: targetStart, end: targetStart + length },
}));

const state: fc.Arbitrary<ClientState> = fc.record({
  udp: fc.record({
    flowsMax: fc.integer({ min: 1, max: 65_535 }),
    idleMs: fc.integer({ min: 1, max: 300 }).map((secs) => secs * 1_000),
  }, { noNullPrototype: true }),
  rules: fc.array(rule, { maxLength: 4 }),
  caps: fc.array(fc.record({ ownerId: fc.string(), caps }, { noNullPrototype: true })),
  quotas: fc.array(fc.record({
    ownerId: fc.string(),
    quota: fc.record({
      remainingBytes: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      exhausted: fc.boolean(),
    }, { noNullPrototype: true }),
  }, { noNullPrototype: true })),
}, { noNullPrototype: true });

// fast-check prints the seed of a failure.
Deno.test("decodeState() reads what encodeState() wrote, to the last digit", () => {
  fc.assert(fc.property(state, (it) => {
    assert.deepEqual(decodeState(encodeState(it, owner), owner), it);
  }));
});

Deno.test("encodeState() writes the messages of the protocol, and nothing of the token", () => {
  const bundle = { ...owner, version: 1, serverEndpoint: "h:1", token: "sesame" };
  const text = encodeState({
    udp,
    rules: [{
      id: 2n ** 53n + 1n,
      protocol: "udp",
      listen: { start: 53, end: 53 },
      targetHost: "10.0.0.5",
      targetPorts: { start: 5353, end: 5353 },
      preferIpv6: false,
      targets: [],
      healthCheckIntervalSecs: null,
      sniPattern: null,
      limits: { concurrentConnections: 5 },
      ownerId: "alice",
    }],
    caps: [{ ownerId: "alice", caps: { bandwidthInBps: 2n ** 64n - 1n } }],
    quotas: [{ ownerId: "alice", quota: { remainingBytes: 2n ** 63n, exhausted: false } }],
  }, bundle);
  assert.deepEqual(JSON.parse(text), {
    version: 1,
    client: owner.clientId,
    server_cert_sha256: owner.serverCertSha256,
    welcome: { udp_flow_idle_secs: 30, udp_max_flows_per_rule: 7 },
    rules: [{
      rule_id: "9007199254740993",
      listen_port: 53,
      target_host: "10.0.0.5",
      target_port: 5353,
      protocol: "UDP",
      rate_limit: { concurrent_connections: 5 },
      owner_id: "alice",
    }],
    owner_rate_limits: [
      { owner_id: "alice", rate_limit: { bandwidth_in_bps: "18446744073709551615" } },
    ],
    traffic_quotas: [
      { user_id: "alice", state: { budget_remaining_bytes: "9223372036854775807" } },
    ],
  });
});

Deno.test("decodeState() knows a client without an id by its name", () => {
  const nameless = { ...owner, clientId: null };
  const text = encodeState(empty, nameless);
  assert.deepEqual(decodeState(text, nameless), empty);
  assert.throws(() => decodeState(text, { ...nameless, clientName: "edge-02" }), StateError);
});

Deno.test("decodeState() says why a file is of no use", () => {
  const text = encodeState(empty, owner);
  const changed = (change: object) => JSON.stringify({ ...JSON.parse(text), ...change });
  const cases: readonly (readonly [string, string])[] = [
    [text.replace("01J8", "01J9"), "it is of another client"],
    [text.replace("abab", "cdcd"), "it is of another server"],
    [changed({ version: 2 }), "it is of another version"],
    ["", "it is damaged: not JSON"],
    [text.slice(0, -1), "it is damaged: not JSON"],
    ["null", "it is damaged: no object"],
    [changed({ rules: {} }), "it is damaged: no list of Rule"],
    [changed({ rules: [null] }), "it is damaged: Rule"],
    [changed({ rules: [{ colour: "red" }] }), "it is damaged: Rule"],
    [changed({ rules: [{ rule_id: "1.5" }] }), "it is damaged: Rule"],
    [changed({ rules: [{ listen_port: 1 }] }), "it is damaged: rules"],
    [changed({ welcome: undefined }), "it is damaged: Welcome"],
    [changed({ owner_rate_limits: [{}] }), "it is damaged: owner_rate_limits"],
    [changed({ traffic_quotas: [{}] }), "it is damaged: traffic_quotas"],
  ];
  for (const [damaged, message] of cases) {
    assert.throws(() => decodeState(damaged, owner), { name: "StateError", message });
  }
});

Deno.test("decodeState() of any JSON, or of a cut file, throws nothing but StateError", () => {
  const whole = encodeState({ ...empty, quotas: [] }, owner);
  const damaged = fc.oneof(
    fc.json(),
    fc.nat(whole.length).map((end) => whole.slice(0, end)),
    fc.record({ rules: fc.jsonValue(), welcome: fc.jsonValue() }).map((change) =>
      JSON.stringify({ ...JSON.parse(whole), ...change })
    ),
  );
  fc.assert(fc.property(damaged, (text) => {
    try {
      decodeState(text, owner);
    } catch (error) {
      assert.ok(error instanceof StateError, String(error));
    }
  }));
});
