import assert from "node:assert/strict";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import type { RateLimit } from "../core/rate_limit.ts";
import type { RuleSpec } from "../core/rule.ts";
import {
  rateLimitFromWire,
  rateLimitToWire,
  removeToWire,
  ruleFromWire,
  ruleToWire,
} from "./convert.ts";
import {
  Protocol,
  ProxyProtocolVersion,
  RateLimitSchema,
  type Rule,
  RuleSchema,
} from "./gen/portunus/v1/portunus_pb.ts";

const U64_MAX = 2n ** 64n - 1n;
const U32_MAX = 2 ** 32 - 1;

/** A single-target TCP rule of one port, with `change`. */
function spec(change: Partial<RuleSpec> = {}): RuleSpec {
  return {
    id: 7n,
    protocol: "tcp",
    listen: { start: 8080, end: 8080 },
    targetHost: "10.0.0.5",
    targetPorts: { start: 80, end: 80 },
    preferIpv6: false,
    targets: [],
    healthCheckIntervalSecs: null,
    sniPattern: null,
    limits: null,
    ownerId: "alice",
    ...change,
  };
}

/** The fields of `rule` that have bytes on the wire, by name. */
function present(rule: Rule): Record<string, unknown> {
  const sent = fromBinary(RuleSchema, toBinary(RuleSchema, rule));
  const isSent = (value: unknown) =>
    value !== 0 && value !== 0n && value !== "" && !(Array.isArray(value) && value.length === 0);
  const fields: Record<string, unknown> = {};
  for (const field of RuleSchema.fields) {
    const value: unknown = Reflect.get(sent, field.localName);
    if (value !== undefined && (isSent(value) || field.name === "prefer_ipv6")) {
      fields[field.name] = value;
    }
  }
  return fields;
}

Deno.test("ruleToWire() sends nothing of features that a rule does not use", () => {
  assert.deepEqual(present(ruleToWire(spec())), {
    rule_id: 7n,
    listen_port: 8080,
    target_host: "10.0.0.5",
    target_port: 80,
    protocol: Protocol.TCP,
    owner_id: "alice",
  });
  assert.ok(!("rule_id" in present(ruleToWire(spec({ id: 0n })))), "the first id of a store is 0");
  assert.ok(!("owner_id" in present(ruleToWire(spec({ ownerId: null })))));
});

Deno.test("ruleToWire() sends range ends only for ranges", () => {
  const rule = ruleToWire(spec({
    protocol: "udp",
    listen: { start: 8000, end: 8010 },
    targetPorts: { start: 9000, end: 9010 },
  }));
  assert.deepEqual(
    [rule.listenPort, rule.listenPortEnd, rule.targetPort, rule.targetPortEnd, rule.protocol],
    [8000, 8010, 9000, 9010, Protocol.UDP],
  );
});

Deno.test("ruleToWire() sends prefer_ipv6 as it was posted or stored", () => {
  const sent = (preferIpv6: boolean, options?: { preferIpv6: boolean | null }) =>
    present(ruleToWire(spec({ preferIpv6 }), options)).prefer_ipv6;
  assert.equal(sent(false), undefined);
  assert.equal(sent(true), true);
  assert.equal(sent(false, { preferIpv6: null }), undefined);
  assert.equal(sent(false, { preferIpv6: false }), false, "an explicit false has bytes");
  assert.equal(sent(true, { preferIpv6: true }), true);
});

Deno.test("ruleToWire() sends targets, health interval, SNI and caps", () => {
  const rule = ruleToWire(spec({
    targets: [
      { host: "a.example", port: 443, priority: 0, proxyProtocol: null },
      { host: "[::1]", port: 444, priority: 5, proxyProtocol: "v1" },
      { host: "b.example", port: 445, priority: 5, proxyProtocol: "v2" },
    ],
    targetHost: "a.example",
    targetPorts: { start: 443, end: 443 },
    healthCheckIntervalSecs: 15,
    sniPattern: "*.example.com",
    limits: { bandwidthInBps: 1000n },
  }));
  assert.deepEqual(
    rule.targets.map(({ host, port, priority, proxyProtocol }) => (
      { host, port, priority, proxyProtocol }
    )),
    [
      { host: "a.example", port: 443, priority: 0, proxyProtocol: undefined },
      { host: "[::1]", port: 444, priority: 5, proxyProtocol: ProxyProtocolVersion.V1 },
      { host: "b.example", port: 445, priority: 5, proxyProtocol: ProxyProtocolVersion.V2 },
    ],
  );
  assert.equal(rule.healthCheckIntervalSecs, 15);
  assert.equal(rule.sniPattern, "*.example.com");
  assert.equal(rule.rateLimit?.bandwidthInBps, 1000n);
  assert.equal(rule.targetPortEnd, 0);
});

Deno.test("removeToWire() sends the stored place and nothing else, and says TCP", () => {
  const rule = removeToWire(
    spec({
      protocol: "udp",
      listen: { start: 8000, end: 8010 },
      targetPorts: { start: 9000, end: 9010 },
      preferIpv6: true,
      targets: [{ host: "a", port: 1, priority: 0, proxyProtocol: "v2" }],
      healthCheckIntervalSecs: 15,
      sniPattern: "a.example",
      limits: { concurrentConnections: 3 },
    }),
  );
  assert.deepEqual(present(rule), {
    rule_id: 7n,
    listen_port: 8000,
    listen_port_end: 8010,
    target_host: "10.0.0.5",
    target_port: 9000,
    target_port_end: 9010,
    protocol: Protocol.TCP,
    prefer_ipv6: true,
  });
});

const port = fc.integer({ min: 1, max: 65_535 });
const host = fc.constantFrom("10.0.0.5", "[2001:db8::1]", "a.example", "xn--bcher-kva.example");
const u64 = fc.bigInt({ min: 0n, max: U64_MAX });
const u32 = fc.integer({ min: 0, max: U32_MAX });

const limits: fc.Arbitrary<RateLimit> = fc.record({
  bandwidthInBps: u64,
  bandwidthOutBps: u64,
  newConnectionsPerSec: u32,
  concurrentConnections: u32,
  bandwidthInBurst: u64,
  bandwidthOutBurst: u64,
  newConnectionsBurst: u32,
}, { requiredKeys: [], noNullPrototype: true });

const single = fc.tuple(port, port, fc.nat(1023)).map(([listen, target, extra]) => {
  const length = Math.min(extra, 65_535 - listen, 65_535 - target);
  return {
    listen: { start: listen, end: listen + length },
    targetPorts: { start: target, end: target + length },
    targets: [],
  };
});

const listed = fc.tuple(
  port,
  fc.array(
    fc.record({
      host,
      port,
      priority: u32,
      proxyProtocol: fc.constantFrom(null, "v1" as const, "v2" as const),
    }, { noNullPrototype: true }),
    { minLength: 1, maxLength: 8 },
  ),
).map(([listen, targets]) => ({
  listen: { start: listen, end: listen },
  targetPorts: { start: targets[0]?.port ?? 0, end: targets[0]?.port ?? 0 },
  targets,
}));

const anySpec: fc.Arbitrary<RuleSpec> = fc.tuple(
  fc.oneof(single, listed),
  fc.record({
    id: u64,
    protocol: fc.constantFrom("tcp" as const, "udp" as const),
    targetHost: host,
    preferIpv6: fc.boolean(),
    healthCheckIntervalSecs: fc.option(fc.integer({ min: 1, max: 3600 })),
    sniPattern: fc.option(fc.constantFrom("a.example", "*.example.com")),
    limits: fc.option(limits),
    ownerId: fc.option(fc.constantFrom("alice", "_legacy")),
  }),
).map(([shape, rest]) => ({ ...rest, ...shape }));

// fast-check prints the seed of a failure.
Deno.test("ruleFromWire() reads back what ruleToWire() wrote, through bytes", () => {
  fc.assert(fc.property(anySpec, (original) => {
    const bytes = toBinary(RuleSchema, ruleToWire(original));
    assert.deepEqual(ruleFromWire(fromBinary(RuleSchema, bytes)), { ok: true, spec: original });
  }));
});

Deno.test("rateLimitToWire() and rateLimitFromWire() keep absence and explicit zeros", () => {
  fc.assert(fc.property(limits, (original) => {
    const bytes = toBinary(RateLimitSchema, rateLimitToWire(original));
    assert.deepEqual(rateLimitFromWire(fromBinary(RateLimitSchema, bytes)), original);
  }));
  assert.equal(toBinary(RateLimitSchema, rateLimitToWire({})).length, 0);
  const zeros: RateLimit = { bandwidthInBps: 0n, newConnectionsPerSec: 0 };
  assert.equal(toBinary(RateLimitSchema, rateLimitToWire(zeros)).length, 4);
});

/** What a client makes of a rule with these wire fields. */
function read(change: Parameters<typeof create<typeof RuleSchema>>[1]): string | RuleSpec {
  const rule = create(RuleSchema, {
    ruleId: 1n,
    listenPort: 8080,
    targetHost: "10.0.0.5",
    targetPort: 80,
    ...change,
  });
  const result = ruleFromWire(rule);
  return result.ok ? result.spec : result.reason;
}

const REFUSED: readonly [string, Parameters<typeof read>[0], string][] = [
  ["listen port 0", { listenPort: 0 }, "range_invalid"],
  ["listen port beyond 65535", { listenPort: 65_536 }, "range_invalid"],
  ["an inverted listen range", { listenPortEnd: 8079 }, "range_invalid"],
  ["target port 0", { targetPort: 0 }, "range_invalid"],
  ["target port beyond 65535", { targetPort: 70_000 }, "range_invalid"],
  ["an inverted target range", { targetPortEnd: 79 }, "range_invalid"],
  ["a target range that leaves the ports", {
    listenPortEnd: 8090,
    targetPort: 65_530,
  }, "range_invalid"],
  ["bad ports before a bad host", { listenPort: 0, targetHost: "" }, "range_invalid"],
  ["no target host", { targetHost: "" }, "invalid_target_host"],
  ["bare IPv6", { targetHost: "::1" }, "invalid_target_host"],
  ["an all-numeric host", { targetHost: "1.2.3" }, "invalid_target_host"],
  ["an edge hyphen", { targetHost: "-a.example" }, "invalid_target_host"],
  ["a label of 64", { targetHost: `${"a".repeat(64)}.example` }, "invalid_target_host"],
  ["a bad target_host although there are targets", {
    targetHost: "",
    targets: [{ host: "a", port: 1 }],
  }, "invalid_target_host"],
  ["a bad host among the targets", {
    targets: [{ host: "a", port: 1 }, { host: "a b", port: 1 }],
  }, "invalid_target_host"],
  ["a bad port among the targets", {
    targets: [{ host: "a", port: 1 }, { host: "b", port: 0 }],
  }, "target_invalid_port:1"],
  [
    "a target port beyond 65535",
    { targets: [{ host: "a", port: 65_536 }] },
    "target_invalid_port:0",
  ],
  ["a bad host before a bad port of one target", {
    targets: [{ host: "", port: 0 }],
  }, "invalid_target_host"],
  ["the first bad target", {
    targets: [{ host: "a", port: 0 }, { host: "", port: 1 }],
  }, "target_invalid_port:0"],
];

for (const [what, change, reason] of REFUSED) {
  Deno.test(`ruleFromWire() answers ${reason} to ${what}`, () => {
    assert.equal(read(change), reason);
  });
}

Deno.test("ruleFromWire() takes an end of 0 or beyond the ports for a single port", () => {
  for (const end of [0, 65_536, U32_MAX]) {
    const rule = read({ listenPortEnd: end, targetPortEnd: end });
    assert.ok(typeof rule !== "string");
    assert.deepEqual(rule.listen, { start: 8080, end: 8080 });
    assert.deepEqual(rule.targetPorts, { start: 80, end: 80 });
  }
});

Deno.test("ruleFromWire() maps listen ports one to one whatever the target's end", () => {
  for (const targetPortEnd of [0, 82, 90, 95]) {
    const rule = read({ listenPortEnd: 8090, targetPortEnd });
    assert.ok(typeof rule !== "string");
    assert.deepEqual(rule.targetPorts, { start: 80, end: 90 });
  }
});

Deno.test("ruleFromWire() takes unknown protocols for TCP and unknown PROXY versions for none", () => {
  const rule = read({
    protocol: 9 as Protocol,
    targets: [
      { host: "a", port: 1, proxyProtocol: 9 as ProxyProtocolVersion },
      { host: "a", port: 2, proxyProtocol: ProxyProtocolVersion.UNSPECIFIED },
    ],
  });
  assert.ok(typeof rule !== "string");
  assert.equal(rule.protocol, "tcp");
  assert.deepEqual(rule.targets.map(({ proxyProtocol }) => proxyProtocol), [null, null]);
});

Deno.test("ruleFromWire() reads absence as absence", () => {
  const rule = read({});
  assert.ok(typeof rule !== "string");
  assert.equal(rule.preferIpv6, false);
  assert.deepEqual(
    [rule.healthCheckIntervalSecs, rule.sniPattern, rule.limits, rule.ownerId],
    [null, null, null, null],
  );
});
