/**
 * Bytes on the wire: the same as another implementation's for random messages of every type, and
 * the same as written out here, by hand from the specification, for those that matter most.
 */

import assert from "node:assert/strict";
import {
  type DescField,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import {
  ActivationOutcome,
  ClientMessageSchema,
  CredentialBundleSchema,
  file_portunus_v1_portunus as generated,
  HelloSchema,
  OwnerRateLimitUpdateSchema,
  RateLimitSchema,
  RuleSchema,
  RuleStatusSchema,
  RuleUpdateSchema,
  ServerMessageSchema,
  SniListenerStatsSchema,
  TrafficQuotaUpdateSchema,
  WelcomeSchema,
} from "../../src/wire/gen/portunus/v1/portunus_pb.ts";
import { readSchema } from "./proto.ts";

const schema = await readSchema();

/** Any value of a field, as JSON with 64-bit integers as decimal text. */
function valueOf(field: DescField): fc.Arbitrary<unknown> {
  const single = field.message !== undefined
    ? messageOf(field.message)
    : field.enum !== undefined
    ? fc.constantFrom(...field.enum.values.map(({ number }) => number))
    : scalarOf(field.scalar);
  return field.fieldKind === "list" ? fc.array(single, { maxLength: 3 }) : single;
}

function scalarOf(type: ScalarType | undefined): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.STRING:
      return fc.string({ unit: "grapheme", maxLength: 12 });
    case ScalarType.UINT32:
      return fc.constantFrom(0, 1, 127, 128, 65_535, 2 ** 31, 2 ** 32 - 1);
    case ScalarType.UINT64:
      return fc.constantFrom(0n, 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n).map(String);
    case ScalarType.INT64:
      return fc.constantFrom(0n, -1n, -(2n ** 63n), 2n ** 63n - 1n).map(String);
    default:
      throw new TypeError(`The schema has no field of type ${type}`);
  }
}

/** Any message of a type, each field present or not, of a oneof at most one. */
function messageOf(type: DescMessage): fc.Arbitrary<JsonObject> {
  const { oneof, free } = Object.groupBy(
    type.fields,
    (field) => field.oneof === undefined ? "free" : "oneof",
  );
  const record = (fields: readonly DescField[]) =>
    fc.record(
      Object.fromEntries(fields.map((field) => [field.name, valueOf(field)])),
      { requiredKeys: [], noNullPrototype: true },
    );
  const plain = record(free ?? []);
  const anyOf = oneof === undefined
    ? plain
    : fc.oneof(plain, ...oneof.map((field) => record([...free ?? [], field])));
  return anyOf as fc.Arbitrary<JsonObject>;
}

for (const type of generated.messages) {
  const other = schema.lookupType(type.name);

  // fast-check prints the seed of a failure.
  Deno.test(`${type.name} has the bytes that protobufjs writes, and reads them`, () => {
    fc.assert(
      fc.property(messageOf(type), (json) => {
        const message = fromJson(type, json);
        const ours = toBinary(type, message);
        const theirs = other.encode(other.fromObject(json)).finish();
        assert.equal(ours.toHex(), theirs.toHex());
        assert.deepEqual(fromBinary(type, theirs, { readUnknownFields: false }), message);
        assert.equal(other.encode(other.decode(ours)).finish().toHex(), theirs.toHex());
      }),
      { numRuns: 200 },
    );
  });
}

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
