import assert from "node:assert/strict";
import fc from "fast-check";
import { isErrorCode, PortunusError } from "./errors.ts";
import { parseJson } from "./json.ts";
import { ackTimeoutSecs, completeRule, RuleBody, ruleFromBody, shapeOf } from "./rule_input.ts";

type Members = Record<string, unknown>;

/** A valid body of each form. */
const single = { client: "edge", listen_port: 80, target_host: "Db.Internal.", target_port: 8080 };
const list = { client: "edge", listen_port: 443, targets: [{ host: "a.local", port: 443 }] };

const parse = (members: Members): RuleBody => RuleBody.parse(members);
const label64 = "a".repeat(64);

/** The code that the body is refused with, or `null`. */
function codeOf(members: Members): string | null {
  try {
    ruleFromBody(parse(members));
    return null;
  } catch (error) {
    if (error instanceof PortunusError) return error.code;
    throw error;
  }
}

Deno.test("RuleBody accepts the documented types and nothing else", () => {
  const u64 = parseJson('{"ack_timeout_secs":18446744073709551615}') as Members;
  assert.equal(RuleBody.safeParse({ ...single, ...u64, unknown: 1 }).success, true);
  const allNull = Object.fromEntries(
    Object.keys(RuleBody.shape).map((key) => [key, null]),
  );
  assert.equal(RuleBody.safeParse({ ...allNull, client: "x", listen_port: 1 }).success, true);
  const wrong: Members[] = [
    { client: null },
    { client: undefined },
    { listen_port: undefined },
    { listen_port: null },
    { listen_port: "80" },
    { listen_port: 80.5 },
    { listen_port: parseJson("80.0") },
    { listen_port: -1 },
    { listen_port: 65_536 },
    { target_host: 5 },
    { prefer_ipv6: "true" },
    { ack_timeout_secs: -1 },
    { ack_timeout_secs: 2n ** 64n },
    { health_check_interval_secs: 2 ** 32 },
    { targets: {} },
    { targets: [{ host: "a" }] },
    { targets: [{ host: "a", port: 1, priority: -1 }] },
    { rate_limit: [] },
    { rate_limit: { bandwidth_in_bps: 1.5 } },
    { rate_limit: { new_connections_per_sec: 2 ** 32 } },
  ];
  for (const members of wrong) {
    assert.equal(RuleBody.safeParse({ ...single, ...members }).success, false, String(members));
  }
});

Deno.test("ruleFromBody() completes the single-target form with its defaults", () => {
  assert.deepEqual(ruleFromBody(parse(single)), {
    clientName: "edge",
    legacy: true,
    draft: {
      protocol: "tcp",
      listen: { start: 80, end: 80 },
      targetHost: "db.internal",
      targetPorts: { start: 8080, end: 8080 },
      preferIpv6: false,
      targets: [],
      healthCheckIntervalSecs: null,
      sniPattern: null,
      limits: null,
    },
  });
});

Deno.test("ruleFromBody() reads a range, and ignores a health check on a single target", () => {
  const { draft } = ruleFromBody(parse({
    client: "edge",
    listen_port: 30_000,
    listen_port_end: 30_050,
    target_host: "[::0:1]",
    target_port: 40_000,
    target_port_end: 40_050,
    protocol: "UDP",
    prefer_ipv6: true,
    health_check_interval_secs: 99_999,
  }));
  assert.deepEqual(draft.listen, { start: 30_000, end: 30_050 });
  assert.deepEqual(draft.targetPorts, { start: 40_000, end: 40_050 });
  assert.equal(draft.targetHost, "[::1]");
  assert.equal(draft.protocol, "udp");
  assert.equal(draft.preferIpv6, true);
  assert.equal(draft.healthCheckIntervalSecs, null);
});

Deno.test("ruleFromBody() completes the list form with its defaults", () => {
  const { draft, legacy } = ruleFromBody(parse({
    ...list,
    targets: [
      { host: "B.local", port: 1, priority: 7, proxy_protocol: " V2 " },
      { host: "a.local", port: 2, proxy_protocol: "" },
      { host: "10.0.0.1", port: 2, proxy_protocol: null },
    ],
    sni_pattern: "*.Example.com",
    health_check_interval_secs: 3_600,
    rate_limit: { bandwidth_in_bps: 100, bandwidth_in_burst: 6_000, concurrent_connections: null },
  }));
  assert.equal(legacy, false);
  assert.deepEqual(draft, {
    protocol: "tcp",
    listen: { start: 443, end: 443 },
    targetHost: "b.local",
    targetPorts: { start: 1, end: 1 },
    preferIpv6: false,
    targets: [
      { host: "b.local", port: 1, priority: 7, proxyProtocol: "v2" },
      { host: "a.local", port: 2, priority: 1, proxyProtocol: null },
      { host: "10.0.0.1", port: 2, priority: 2, proxyProtocol: null },
    ],
    healthCheckIntervalSecs: 3_600,
    sniPattern: "*.example.com",
    limits: { bandwidthInBps: 100n, bandwidthInBurst: 6_000n },
  });
});

Deno.test("ruleFromBody() turns a single target with SNI into a list of one", () => {
  const { draft, legacy } = ruleFromBody(parse({ ...single, sni_pattern: "web.local" }));
  assert.equal(legacy, true);
  assert.equal(draft.targetHost, "db.internal");
  assert.deepEqual(draft.targetPorts, { start: 8080, end: 8080 });
  assert.deepEqual(draft.targets, [
    { host: "db.internal", port: 8080, priority: 0, proxyProtocol: null },
  ]);
});

Deno.test("ruleFromBody() accepts the bounds of ranges, intervals and lists", () => {
  const accepted: Members[] = [
    { ...single, listen_port: 65_535, target_port: 65_535 },
    { ...single, listen_port_end: 80, target_port_end: 8080 },
    { ...single, protocol: "Tcp" },
    { ...list, health_check_interval_secs: 1 },
    { ...list, rate_limit: {} },
    { ...list, listen_port_end: 445, target_port_end: 1 },
    { ...list, protocol: "udp", targets: [{ host: "a", port: 1, proxy_protocol: " " }] },
    {
      ...list,
      rate_limit: { bandwidth_in_bps: 2n ** 63n - 1n },
      targets: Array.from({ length: 8 }, (_, i) => ({ host: "a", port: i + 1 })),
    },
  ];
  for (const members of accepted) {
    assert.equal(codeOf(members), null, JSON.stringify(members.client));
  }
});

/**
 * Each entry spoils one thing and comes before all that follow it in the order of checks, so a
 * body with this and every later spoiling is refused with this code.
 */
const firstChecks: [spoil: Members, code: string][] = [
  [{ listen_port_end: 90 }, "range_invalid"],
  [{ listen_port: 0 }, "range_invalid"],
  [{ sni_pattern: "x", protocol: "sctp" }, "validation.sni_on_unsupported_rule"],
  [{ sni_pattern: "*.x", protocol: "tcp" }, "validation.sni_pattern_malformed"],
  [
    { rate_limit: { concurrent_connections_burst: 0, concurrent_connections: 0 } },
    "validation.rate_limit_burst_unsupported",
  ],
  [
    { rate_limit: { bandwidth_in_burst: 1, concurrent_connections: 0 } },
    "validation.rate_limit_cap_zero",
  ],
  [
    { rate_limit: { bandwidth_in_burst: 1, bandwidth_out_bps: 1, bandwidth_out_burst: 0 } },
    "validation.rate_limit_burst_without_rate",
  ],
  [
    { rate_limit: { bandwidth_out_bps: 1, bandwidth_out_burst: 0 } },
    "validation.rate_limit_burst_range",
  ],
];

const nine = Array.from({ length: 9 }, (_, i) => ({ host: `h${i}`, port: 1 }));
const badProxy = { host: "a", port: 1, proxy_protocol: "v3" };
const listChecks: [spoil: Members, code: string][] = [
  ...firstChecks,
  [{ health_check_interval_secs: 0, targets: [] }, "health_check_interval_out_of_range"],
  [{ health_check_interval_secs: 3_601 }, "health_check_interval_out_of_range"],
  [{ targets: [] }, "targets_empty"],
  [{ targets: [...nine, badProxy] }, "validation.proxy_protocol_invalid"],
  [{ targets: [...nine, { host: "", port: 0 }] }, "targets_too_many"],
  [{ targets: [{ host: "", port: 0 }] }, "target_invalid_host"],
  [{ targets: [{ host: "a_b", port: 0 }] }, "target_invalid_port"],
  [{ targets: [{ host: label64, port: 1 }, { host: "", port: 0 }] }, "target_invalid_host"],
  [{ targets: [{ host: "a", port: 1 }, { host: "a", port: 1 }] }, "targets_duplicate"],
  [{ client: " " }, "invalid_name"],
  [{ protocol: "icmp" }, "invalid_protocol"],
  [
    { protocol: "udp", targets: [{ ...badProxy, proxy_protocol: "v1" }] },
    "validation.proxy_protocol_on_unsupported_rule",
  ],
];

const singleChecks: [spoil: Members, code: string][] = [
  ...firstChecks,
  [{ rate_limit: {}, target_host: null }, "validation.rate_limit_on_legacy_shape"],
  [{ target_host: null, target_port: 0 }, "rule_shape_missing"],
  [{ target_port: 0, target_host: "x" }, "range_invalid"],
  [{ client: "\u0007" }, "invalid_name"],
  [{ protocol: "icmp" }, "invalid_protocol"],
];

Deno.test("ruleFromBody() refuses with the first code in the order of checks", () => {
  const chains = [{ body: list, checks: listChecks }, { body: single, checks: singleChecks }];
  for (const { body, checks } of chains) {
    for (const [i, [spoil, code]] of checks.entries()) {
      assert.equal(codeOf({ ...body, ...spoil }), code, JSON.stringify(spoil));
      // Later problems never win. Where two spoil the same member, the earlier one stands.
      const later = checks.slice(i).toReversed().map(([members]) => members);
      assert.equal(codeOf(Object.assign({}, body, ...later)), code, JSON.stringify(spoil));
    }
  }
});

Deno.test("ruleFromBody() refuses mixed, missing and half forms before anything else", () => {
  const { target_host, target_port, ...neither } = single;
  assert.equal(codeOf({ ...single, targets: [], listen_port: 0 }), "rule_shape_conflict");
  assert.equal(codeOf({ ...neither, target_port, targets: [] }), "rule_shape_conflict");
  assert.equal(codeOf({ ...neither, listen_port: 0 }), "rule_shape_missing");
  assert.equal(codeOf({ ...neither, target_host: null, targets: null }), "rule_shape_missing");
  assert.equal(codeOf({ ...neither, target_host }), "rule_shape_missing");
  assert.equal(codeOf({ ...neither, target_port }), "rule_shape_missing");
});

Deno.test("ruleFromBody() words range problems as documented", () => {
  const cases: [members: Members, message: RegExp][] = [
    [{ target_port_end: 9000 }, /^range_invalid: mismatched_range: /],
    [
      { listen_port: 0 },
      /^range_invalid: range_out_of_bounds: port 0 is not a valid listening port$/,
    ],
    [
      { listen_port_end: 79, target_port_end: 8080 },
      /^range_invalid: range_inverted: start=80 > end=79$/,
    ],
    [
      { listen_port_end: 81, target_port_end: 8079 },
      /^range_invalid: range_inverted: start=8080 > end=8079$/,
    ],
  ];
  for (const [members, message] of cases) {
    assert.throws(() => ruleFromBody(parse({ ...single, ...members })), { message });
  }
  const sniOnRange = { listen_port_end: 81, target_port_end: 8081, sni_pattern: "a.b" };
  assert.equal(codeOf({ ...single, ...sniOnRange }), "validation.sni_on_unsupported_rule");
});

Deno.test("shapeOf() leaves the host of a single target to completeRule()", () => {
  const cases: [host: string, code: string][] = [
    ["a_b", "invalid_target_host"],
    ["::1", "invalid_target_host"],
    [label64, "invalid_target_host_label_too_long"],
    ["-a", "invalid_target_host_label_hyphen"],
    [`${"a.".repeat(127)}a`, "invalid_target_host_too_long"],
  ];
  for (const [target_host, code] of cases) {
    const shape = shapeOf(parse({ ...single, target_host }));
    assert.equal(shape.clientName, "edge");
    assert.throws(() => completeRule(shape), { code }, target_host);
    const withSni = shapeOf(parse({ ...single, target_host, sni_pattern: "a.b" }));
    assert.throws(() => completeRule(withSni), { code: "target_invalid_host" });
  }
});

Deno.test("ackTimeoutSecs() defaults to 2 and is bounded", () => {
  const cases: [given: number | bigint | null | undefined, secs: number][] = [
    [undefined, 2],
    [null, 2],
    [0, 0],
    [7, 7],
    [300, 300],
    [301, 300],
    [2n ** 64n - 1n, 300],
  ];
  for (const [given, secs] of cases) {
    assert.equal(ackTimeoutSecs(parse({ ...single, ack_timeout_secs: given })), secs);
  }
});

Deno.test("ruleFromBody() throws only catalogued errors for any well-typed body", () => {
  const text = fc.oneof(fc.string(), fc.constantFrom("tcp", "udp", "a.b", "10.0.0.1", "v1"));
  const port = fc.constantFrom(0, 1, 80, 90, 65_535);
  const bodies = fc.record({
    client: text,
    listen_port: port,
    listen_port_end: port,
    target_host: text,
    target_port: port,
    target_port_end: port,
    protocol: text,
    targets: fc.array(fc.record({ host: text, port, proxy_protocol: text }), { maxLength: 3 }),
    sni_pattern: text,
    rate_limit: fc.record({ bandwidth_in_bps: port, bandwidth_in_burst: port }, {
      requiredKeys: [],
    }),
  }, { requiredKeys: ["client", "listen_port"] });
  fc.assert(fc.property(bodies, (members) => {
    const code = codeOf(members);
    return code === null || isErrorCode(code);
  }));
});
