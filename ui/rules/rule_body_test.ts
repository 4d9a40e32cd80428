import assert from "node:assert/strict";
import { ruleFromBody } from "../../src/core/rule_input.ts";
import { RuleBody } from "../../src/core/rule_body.ts";
import { capsOf, parseHost, ruleBody, ruleProblems } from "./rule_body.ts";
import { emptyTarget, NEW_RULE, NO_CAPS, type RuleFields, ruleFields } from "./rule_fields.ts";
import { sampleRule } from "./sample_rule.ts";

const READY: RuleFields = { ...NEW_RULE, clientId: "C1" };
const problemsOf = (changes: Partial<RuleFields>) =>
  Object.keys(ruleProblems({ ...READY, ...changes })).toSorted();

Deno.test("ruleProblems() finds nothing wrong with what a form begins with", () => {
  assert.deepEqual(problemsOf({}), []);
  assert.deepEqual(problemsOf({ clientId: "" }), ["clientId"]);
});

Deno.test("ruleProblems() is about the field that is wrong", () => {
  const target = NEW_RULE.targets[0] ?? emptyTarget(0);
  const cases: [Partial<RuleFields>, string[]][] = [
    [{ listenStart: "0" }, ["listenStart"]],
    [{ listenStart: "eighty" }, ["listenStart"]],
    [{ targets: [{ ...target, host: "a b" }] }, ["targets.0.host"]],
    [{ targets: [{ ...target, port: "" }] }, ["targets.0.port"]],
    [{ isMulti: true, targets: [target, target] }, ["targets.1.host"]],
    [{ isMulti: true, targets: [target, emptyTarget(1)] }, ["targets.1.host", "targets.1.port"]],
    [{ interval: "3601" }, ["interval"]],
    [{ sni: "*.example" }, ["sni"]],
    [{ caps: { ...NO_CAPS, bandwidth_in_bps: "fast" } }, ["caps.bandwidth_in_bps"]],
    [{ caps: { ...NO_CAPS, concurrent_connections: "0" } }, ["caps.concurrent_connections"]],
    [{ caps: { ...NO_CAPS, new_connections_burst: "5" } }, ["caps.new_connections_burst"]],
  ];
  for (const [changes, fields] of cases) {
    assert.deepEqual(problemsOf(changes), fields, JSON.stringify(changes));
  }
});

Deno.test("ruleProblems() wants both ends of a range, and nothing a range cannot have", () => {
  assert.deepEqual(problemsOf({ listenEnd: "30009" }), ["targetEnd"]);
  assert.deepEqual(problemsOf({ targetEnd: "9009" }), ["listenEnd"]);
  const range = { listenEnd: "30009", targetEnd: "9009" };
  assert.deepEqual(problemsOf(range), []);
  assert.deepEqual(problemsOf({ ...range, targetEnd: "9010" }), ["targetEnd"]);
  assert.deepEqual(problemsOf({ ...range, listenEnd: "29999" }), ["listenEnd"]);
  assert.deepEqual(problemsOf({ ...range, interval: "5" }), ["targetEnd"]);
  assert.deepEqual(problemsOf({ ...range, sni: "no pattern" }), [], "which is not asked for then");
});

Deno.test("ruleProblems() bounds bursts by their rate", () => {
  const burst = (bandwidth_in_burst: string) =>
    problemsOf({ caps: { ...NO_CAPS, bandwidth_in_bps: "1 MB/s", bandwidth_in_burst } });
  assert.deepEqual(burst("60 MB"), []);
  assert.deepEqual(burst("61 MB"), ["caps.bandwidth_in_burst"]);
  assert.deepEqual(burst("9 kB"), ["caps.bandwidth_in_burst"]);
});

Deno.test("ruleBody() takes the short form where that says everything", () => {
  assert.deepEqual(ruleBody(READY, "edge-01"), {
    client: "edge-01",
    protocol: "tcp",
    listen_port: 30_000,
    target_host: "127.0.0.1",
    target_port: 9_000,
  });
  const capped = { ...READY, caps: { ...NO_CAPS, bandwidth_in_bps: "100 Mbit/s" } };
  assert.deepEqual(ruleBody(capped, "edge-01"), {
    client: "edge-01",
    protocol: "tcp",
    listen_port: 30_000,
    targets: [{ host: "127.0.0.1", port: 9_000, priority: 0 }],
    rate_limit: { bandwidth_in_bps: 12_500_000 },
  });
});

Deno.test("ruleBody() of a rule that runs is that rule", () => {
  const target = { host: "a", port: 1, priority: 3, proxy_protocol: "v2" as const, health: null };
  for (
    const rule of [
      sampleRule(),
      sampleRule({ listen_port_end: 18_085, target_port_end: 8085, protocol: "udp" }),
      sampleRule({ sni_pattern: "*.example.com", prefer_ipv6: true }),
      sampleRule({
        target_host: "a",
        target_port: 1,
        targets: [target, { ...target, host: "b", proxy_protocol: null }],
        health_check_interval_secs: 5,
        rate_limit: { bandwidth_in_bps: 1_048_576, bandwidth_in_burst: 2_097_153 },
      }),
    ]
  ) {
    const fields = ruleFields(rule);
    assert.deepEqual(ruleProblems(fields), {});
    const { clientName, draft } = ruleFromBody(RuleBody.parse(ruleBody(fields, rule.client_name)));
    assert.equal(clientName, rule.client_name);
    assert.equal(draft.listen.end, rule.listen_port_end ?? rule.listen_port);
    assert.equal(draft.targetPorts.end, rule.target_port_end ?? rule.target_port);
    assert.equal(draft.preferIpv6, rule.prefer_ipv6);
    assert.equal(draft.sniPattern, rule.sni_pattern ?? null);
    assert.equal(draft.healthCheckIntervalSecs, rule.health_check_interval_secs ?? null);
    assert.equal(
      Number(draft.limits?.bandwidthInBurst ?? 0),
      rule.rate_limit?.bandwidth_in_burst ?? 0,
    );
    if (rule.targets.length > 1) {
      assert.deepEqual(
        draft.targets.map((it) => [it.host, it.port, it.priority, it.proxyProtocol]),
        rule.targets.map((it) => [it.host, it.port, it.priority, it.proxy_protocol]),
      );
    }
  }
});

Deno.test("parseHost() puts brackets around IPv6", () => {
  assert.equal(parseHost(" ::1 "), "[::1]");
  assert.equal(parseHost("[::1]"), "[::1]");
  assert.equal(parseHost("db.internal"), "db.internal");
  assert.equal(parseHost("a b"), null);
});

Deno.test("capsOf() is null where nothing is capped", () => {
  assert.equal(capsOf(NO_CAPS), null);
  assert.deepEqual(capsOf({ ...NO_CAPS, bandwidth_out_burst: "1 MiB" }), {
    bandwidth_out_burst: 1_048_576,
  });
});
