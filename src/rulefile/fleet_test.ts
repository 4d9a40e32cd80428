import assert from "node:assert/strict";
import fc from "fast-check";
import type { RuleDraft } from "../core/rule_input.ts";
import { ruleFromBody } from "../core/rule_input.ts";
import { bodyOf, parseFleet } from "./fleet.ts";
import { formatFleet } from "./fleet_format.ts";
import { ConfigError } from "./problems.ts";

const RULE = '[[rule]]\nname = "web"\nlisten_port = 8080\ntarget = "10.0.0.5:80"\n';

/** What is wrong with a file, a line each. */
function problemsOf(text: string): string[] {
  try {
    parseFleet(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  return [];
}

Deno.test("parseFleet() takes a standalone file with a client, and says what it ignores", () => {
  const { rules, ignored } = parseFleet(
    `[global]\nlog_level = "info"\n[stats]\n[defaults]\nclient = "edge-01"\nudp_max_flows = 9\n` +
      `${RULE}[[rule]]\nname = "dns"\nclient = "edge-02"\nprotocol = "udp"\nlisten_ports = "53-54"\n` +
      `target = "[2001:db8::1]:53-54"\n`,
  );
  assert.deepEqual(ignored, ["[global]", "[stats]", "udp_max_flows"]);
  assert.deepEqual(
    rules.map(({ name, clientName, position }) => [name, clientName, position.line]),
    [
      ["web", "edge-01", 7],
      ["dns", "edge-02", 11],
    ],
  );
  assert.deepEqual(rules.map(({ body }) => body), [
    {
      client: "edge-01",
      protocol: "tcp",
      listen_port: 8080,
      target_host: "10.0.0.5",
      target_port: 80,
    },
    {
      client: "edge-02",
      protocol: "udp",
      listen_port: 53,
      listen_port_end: 54,
      target_host: "[2001:db8::1]",
      target_port: 53,
      target_port_end: 54,
    },
  ]);
});

Deno.test("parseFleet() tells everything that is wrong, with its place", () => {
  assert.deepEqual(problemsOf(RULE), ["2:1: `client` is missing, here and in [defaults]"]);
  assert.deepEqual(
    problemsOf(
      `[defaults]\nclient = "edge"\n[[rule]]\nname = "a"\nlisten_prot = 1\ntarget = "h:1"\n` +
        `[[rule]]\nname = "b"\nlisten_ports = "1-2"\ntarget = "h:1-2"\nrate_limit = { concurrent_connections = 5 }\n`,
    ),
    [
      "4:1: exactly one of `listen_port` and `listen_ports` is needed, there is neither",
      "5:1: toml parse error: unknown field `listen_prot`, did you mean `listen_port`?",
      "8:1: validation.rate_limit_on_legacy_shape: rate_limit needs targets",
    ],
  );
  assert.match(problemsOf("[[rule]")[0] ?? "", /^1:\d+: toml parse error: /);
  assert.match(problemsOf("{ nope")[0] ?? "", /^1:1: json parse error: /);
  assert.deepEqual(
    problemsOf('{"rule": [{"name": "a", "client": "e", "listen_port": 0, "target": "h:1"}]}'),
    [
      "1:1: rule.0.listen_port: toml parse error: `listen_port` must be an integer of 1 to 65535, not 0",
    ],
  );
});

const port = fc.integer({ min: 1, max: 65_000 });
const host = fc.constantFrom("10.0.0.5", "[2001:db8::1]", "db.internal");
const limits = fc.constantFrom(
  null,
  { concurrentConnections: 5 },
  { bandwidthInBps: 1_000_000n, newConnectionsPerSec: 7 },
);

/** Rules as a server has them. */
const draft: fc.Arbitrary<RuleDraft> = fc.oneof(
  fc.record({ listen: port, to: port, host, length: fc.integer({ min: 2, max: 5 }) }).map((it) => ({
    protocol: "udp" as const,
    listen: { start: it.listen, end: it.listen + it.length },
    targetHost: it.host,
    targetPorts: { start: it.to, end: it.to + it.length },
    targets: [],
    preferIpv6: true,
    healthCheckIntervalSecs: null,
    sniPattern: null,
    limits: null,
  })),
  fc.record({
    listen: port,
    targets: fc.uniqueArray(
      fc.record({
        host,
        port,
        priority: fc.constantFrom(0, 1, 9),
        proxyProtocol: fc.constantFrom(null, "v1" as const, "v2" as const),
      }),
      { minLength: 1, maxLength: 4, selector: (it) => `${it.host} ${it.port}` },
    ),
    sniPattern: fc.constantFrom(null, "www.example.com", "*.example.com"),
    healthCheckIntervalSecs: fc.constantFrom(null, 30),
    preferIpv6: fc.boolean(),
    limits,
  }).map(({ listen, ...rest }) => ({
    ...rest,
    protocol: "tcp" as const,
    listen: { start: listen, end: listen },
    targetHost: rest.targets[0]?.host ?? "",
    targetPorts: { start: rest.targets[0]?.port ?? 0, end: rest.targets[0]?.port ?? 0 },
  })),
);

Deno.test("formatFleet() and parseFleet() are each other's inverse, in TOML and in JSON", () => {
  fc.assert(
    fc.property(
      fc.array(draft, { maxLength: 6 }),
      fc.constantFrom("toml", "json"),
      (drafts, format) => {
        const rules = drafts.map((it) => ({
          clientName: "edge-01",
          draft: ruleFromBody(bodyOf("edge-01", it)).draft,
        }));
        const text = formatFleet(rules, format as "toml" | "json");
        const again = text === "" ? [] : parseFleet(text).rules;
        const normal = (all: readonly { draft: RuleDraft }[]) =>
          formatFleet(all.map(({ draft }) => ({ clientName: "edge-01", draft })), "json");
        assert.equal(normal(again), normal(rules));
        assert.equal(formatFleet(again, format as "toml" | "json"), text);
      },
    ),
  );
});
