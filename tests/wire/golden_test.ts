/** Bytes on the wire, written out by hand from the specification, of messages that matter most. */

import assert from "node:assert/strict";
import {
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import {
  ActivationOutcome,
  ClientMessageSchema,
  CredentialBundleSchema,
  HelloSchema,
  OwnerRateLimitUpdateSchema,
  RateLimitSchema,
  RuleSchema,
  RuleStatusSchema,
  RuleUpdateSchema,
  ServerMessageSchema,
  SniListenerStatsSchema,
  StatsReportSchema,
  TrafficQuotaUpdateSchema,
  WelcomeSchema,
} from "../../src/wire/gen/portunus/v1/portunus_pb.ts";

/** A message, and its bytes in hex, a field a word. */
type Golden = readonly [what: string, type: DescMessage, json: JsonObject, hex: string];

const GOLDEN: readonly Golden[] = [
  ["the first rule of a store: no byte for id 0", RuleSchema, {
    listen_port: 8080,
    target_host: "10.0.0.5",
    target_port: 80,
    protocol: "TCP",
    owner_id: "alice",
  }, "10903f 1a0831302e302e302e35 2050 2801 6a05616c696365"],
  [
    "the largest rule id",
    RuleSchema,
    { rule_id: "18446744073709551615" },
    "08ffffffffffffffffff01",
  ],
  ["an explicit false and an explicit empty owner", RuleSchema, {
    prefer_ipv6: false,
    owner_id: "",
  }, "4000 6a00"],
  [
    "a rule with everything",
    RuleSchema,
    {
      rule_id: "1",
      listen_port: 1,
      target_host: "a",
      target_port: 2,
      protocol: "UDP",
      listen_port_end: 3,
      target_port_end: 4,
      prefer_ipv6: true,
      targets: [{ host: "b", port: 5, priority: 6, proxy_protocol: "PROXY_PROTOCOL_VERSION_V2" }],
      health_check_interval_secs: 7,
      sni_pattern: "*.c",
      rate_limit: {},
      owner_id: "d",
    },
    "0801 1001 1a0161 2002 2802 3003 3804 4001 4a090a0162100518062002 5007 5a032a2e63 6200 6a0164",
  ],
  ["explicit zero caps", RateLimitSchema, {
    bandwidth_in_bps: "0",
    bandwidth_out_bps: "0",
    new_connections_per_sec: 0,
    concurrent_connections: 0,
    bandwidth_in_burst: "0",
    bandwidth_out_burst: "0",
    new_connections_burst: 0,
  }, "0800 1000 1800 2000 2800 3000 3800"],
  ["Hello", HelloSchema, {
    protocol_version: "1.0.0",
    client_version: "3.2.0",
    supported_protocols: ["TCP", "UDP"],
  }, "0a05312e302e30 1205332e322e30 1a020102"],
  ["Welcome", WelcomeSchema, {
    server_version: "3.2.0",
    server_time_unix_ms: "1000",
    udp_flow_idle_secs: 60,
    udp_max_flows_per_rule: 1024,
  }, "0a05332e322e30 10e807 183c 208008"],
  ["a removal", ServerMessageSchema, {
    rule_update: { request_id: "R", action: "REMOVE", rule: { rule_id: "5", protocol: "TCP" } },
  }, "120b0a0152 1002 1a0408052801"],
  ["lifting an owner's cap", OwnerRateLimitUpdateSchema, {
    client_name: "e",
    owner_id: "o",
    action: "OWNER_RATE_LIMIT_ACTION_REMOVE",
    client_id: "c",
  }, "0a0165 12016f 2002 2a0163"],
  ["an owner's caps, every one", OwnerRateLimitUpdateSchema, {
    client_name: "e",
    owner_id: "o",
    rate_limit: {
      bandwidth_in_bps: "18446744073709551615",
      bandwidth_out_bps: "1",
      new_connections_per_sec: 2,
      concurrent_connections: 4294967295,
      bandwidth_in_burst: "3",
      bandwidth_out_burst: "4",
      new_connections_burst: 5,
    },
    action: "OWNER_RATE_LIMIT_ACTION_SET",
    client_id: "c",
  }, "0a0165 12016f 1a1b 08ffffffffffffffffff01 1001 1802 20ffffffff0f 2803 3004 3805 2001 2a0163"],
  ["setting no caps: the caps are present, and empty", OwnerRateLimitUpdateSchema, {
    owner_id: "o",
    rate_limit: {},
    action: "OWNER_RATE_LIMIT_ACTION_SET",
  }, "12016f 1a00 2001"],
  ["setting without caps: they are absent", OwnerRateLimitUpdateSchema, {
    owner_id: "o",
    action: "OWNER_RATE_LIMIT_ACTION_SET",
  }, "12016f 2001"],
  ["a quota with everything", TrafficQuotaUpdateSchema, {
    request_id: "q",
    user_id: "u",
    client_name: "e",
    action: "TRAFFIC_QUOTA_ACTION_SET",
    state: {
      monthly_bytes: "9223372036854775807",
      budget_remaining_bytes: "1",
      period_started_at_unix_sec: "1767225600",
      period_ends_at_unix_sec: "1769904000",
    },
    client_id: "c",
  }, "0a0171 120175 1a0165 2001 2a18 08ffffffffffffffff7f 1001 1880f2d6ca06 2080affacb06 320163"],
  ["ending a quota: no byte of a state", TrafficQuotaUpdateSchema, {
    user_id: "u",
    action: "TRAFFIC_QUOTA_ACTION_REMOVE",
  }, "120175 2002"],
  ["a quota that is set to nothing: the state is present, and empty", TrafficQuotaUpdateSchema, {
    user_id: "u",
    action: "TRAFFIC_QUOTA_ACTION_SET",
    state: {},
  }, "120175 2001 2a00"],
  ["an overdrawn quota", TrafficQuotaUpdateSchema, {
    request_id: "q",
    user_id: "u",
    client_name: "e",
    action: "TRAFFIC_QUOTA_ACTION_SET",
    state: { monthly_bytes: "1", budget_remaining_bytes: "-1", exhausted: true },
    client_id: "c",
  }, "0a0171 120175 1a0165 2001 2a0f0801 10ffffffffffffffffff01 2801 320163"],
  ["packed histogram buckets", SniListenerStatsSchema, {
    listen_port: 443,
    client_hello_peek_bucket_counts: ["0", "1", "300"],
  }, "08bb03 22040001ac02"],
  ["counters of an idle rule 0: no byte but the empty message's", StatsReportSchema, {
    sent_at_unix_ms: "1000",
    stats: [{}],
  }, "08e807 1200"],
  [
    "counters with everything",
    StatsReportSchema,
    {
      sent_at_unix_ms: "1",
      stats: [{
        rule_id: "1",
        bytes_in: "2",
        bytes_out: "3",
        active_connections: 4,
        per_port: [{
          listen_port: 5,
          bytes_in: "6",
          bytes_out: "7",
          active_connections: 8,
          datagrams_in: "9",
          datagrams_out: "10",
        }],
        dns_failures: "11",
        datagrams_in: "12",
        datagrams_out: "13",
        active_flows: 14,
        flows_dropped_overflow: "15",
        target_failovers_total: "16",
        per_target: [{
          index: 1,
          host: "h",
          port: 17,
          priority: 18,
          health: 1,
          consecutive_failures: 19,
          last_failure_at_unix_ms: "20",
          last_success_at_unix_ms: "21",
          bytes_in: "22",
          bytes_out: "23",
          connections_accepted: "24",
        }],
        sni_route_exact_total: "25",
        sni_route_wildcard_total: "26",
        sni_route_fallback_total: "27",
        rate_limit: {
          reject_total: [{ reason: "RATE_LIMIT_REJECT_REASON_CONN_RATE", total: "28" }],
          throttle_micros_in: "29",
          throttle_micros_out: "30",
          active_connections: 31,
        },
      }],
      sni_listener_stats: [{
        listen_port: 443,
        sni_route_miss_total: "1",
        client_hello_parse_failures_total: "2",
        client_hello_peek_bucket_counts: ["0", "3"],
        client_hello_peek_sum_micros: "4",
        client_hello_peek_count: "5",
      }],
      owner_rate_limit_stats: [{
        owner_id: "o",
        stats: {
          reject_total: [
            { reason: "RATE_LIMIT_REJECT_REASON_OWNER_UDP_FLOW_RATE", total: "32" },
          ],
        },
      }],
    },
    // One line a message: the report, a rule, its port, its target, its caps.
    "0801 1250 0801 1002 1803 2004" +
    "2a0c 0805 1006 1807 2008 2809 300a" +
    "300b 380c 400d 480e 500f 5810" +
    "6217 0801 120168 1811 2012 2801 3013 3814 4015 4816 5017 5818" +
    "6819 701a 781b" +
    "82010c 0a04 0802 101c 101d 181e 201f" +
    "1a0f 08bb03 1001 1802 22020003 2804 3005" +
    "220b 0a016f 1206 0a04 0806 1020",
  ],
  ["a bundle", CredentialBundleSchema, {
    version: 1,
    client_name: "e",
    server_endpoint: "h:1",
    server_cert_sha256: "aa",
    token: "t",
    client_id: "c",
  }, "0801 120165 1a03683a31 22026161 320174 3a0163"],
];

for (const [what, type, json, hex] of GOLDEN) {
  Deno.test(`${type.name}: ${what}`, () => {
    const bytes = Uint8Array.fromHex(hex.replaceAll(" ", ""));
    const message = fromJson(type, json);
    assert.equal(toBinary(type, message).toHex(), bytes.toHex());
    assert.deepEqual(fromBinary(type, bytes, { readUnknownFields: false }), message);
  });
}

/** What we read from `hex`, as JSON, written again. */
function reread(type: DescMessage, hex: string): { json: unknown; hex: string } {
  const bytes = Uint8Array.fromHex(hex.replaceAll(" ", ""));
  const message = fromBinary(type, bytes, { readUnknownFields: false });
  return { json: toJson(type, message), hex: toBinary(type, message).toHex() };
}

Deno.test("unknown fields of every wire type are dropped", () => {
  const varint = "f80701";
  const fixed64 = "f9070102030405060708";
  const text = "fa0703616263";
  const fixed32 = "fd0701020304";
  const known = "0a0152 1002";
  assert.deepEqual(reread(RuleUpdateSchema, `${varint} ${known} ${fixed64} ${text} ${fixed32}`), {
    json: { requestId: "R", action: "REMOVE" },
    hex: "0a01521002",
  });
});

Deno.test("unknown fields of messages about owners, and inside them, are dropped", () => {
  const unknown = "f80701";
  const cases: readonly (readonly [DescMessage, string, string])[] = [
    [
      OwnerRateLimitUpdateSchema,
      `12016f ${unknown} 1a05 1005 ${unknown} 2001`,
      "12016f1a0210052001",
    ],
    [TrafficQuotaUpdateSchema, `120175 2001 ${unknown} 2a05 1001 ${unknown}`, "12017520012a021001"],
    [StatsReportSchema, `0801 1205 0801 ${unknown} ${unknown}`, "080112020801"],
  ];
  for (const [type, hex, known] of cases) assert.equal(reread(type, hex).hex, known);
});

Deno.test("numbers of actions and reasons from a newer version survive", () => {
  const owner = fromBinary(OwnerRateLimitUpdateSchema, Uint8Array.fromHex("2063"));
  const quota = fromBinary(TrafficQuotaUpdateSchema, Uint8Array.fromHex("2063"));
  assert.deepEqual([owner.action, quota.action], [99, 99]);
});

Deno.test("a field of a message that comes twice is merged, as 3.1.0's parser does", () => {
  assert.deepEqual(reread(TrafficQuotaUpdateSchema, "2a02 0805 2a02 1006 120175").json, {
    userId: "u",
    state: { monthlyBytes: "5", budgetRemainingBytes: "6" },
  });
});

Deno.test("bucket counts that are not packed are read, too", () => {
  assert.deepEqual(reread(SniListenerStatsSchema, "2000 2001 20ac02"), {
    json: { clientHelloPeekBucketCounts: ["0", "1", "300"] },
    hex: "22040001ac02",
  });
});

Deno.test("an unknown member of an envelope leaves it empty", () => {
  for (const type of [ServerMessageSchema, ClientMessageSchema]) {
    assert.deepEqual(reread(type, "4a020801"), { json: {}, hex: "" });
  }
});

Deno.test("an unknown enum value survives as its number", () => {
  const { action } = fromBinary(RuleUpdateSchema, Uint8Array.fromHex("1063"));
  assert.equal(action, 99);
});

Deno.test("a certificate in a bundle's reserved field is not read", () => {
  assert.deepEqual(reread(CredentialBundleSchema, "0801 2a03504b31 320174"), {
    json: { version: 1, token: "t" },
    hex: "0801320174",
  });
});

Deno.test("the second REMOVED of 3.1.0 decodes, without a request id", () => {
  const first = fromBinary(ClientMessageSchema, Uint8Array.fromHex("12070a0152" + "1005" + "1803"));
  const second = fromBinary(ClientMessageSchema, Uint8Array.fromHex("1204" + "1005" + "1803"));
  assert.deepEqual([first, second].map(({ payload }) => payload.case), [
    "ruleStatus",
    "ruleStatus",
  ]);
  const statuses = [first, second].map(({ payload }) =>
    payload.case === "ruleStatus" ? payload.value : null
  );
  assert.deepEqual(statuses.map((it) => it && toJson(RuleStatusSchema, it)), [
    { requestId: "R", ruleId: "5", outcome: "REMOVED" },
    { ruleId: "5", outcome: "REMOVED" },
  ]);
  assert.equal(statuses[1]?.outcome, ActivationOutcome.REMOVED);
});

Deno.test("a status for rule 0 without a request id is a few bytes", () => {
  assert.deepEqual(reread(ClientMessageSchema, "1202 1801").json, {
    ruleStatus: { outcome: "ACTIVATED" },
  });
});
