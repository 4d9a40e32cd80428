import assert from "node:assert/strict";
import { pushRuleArgs } from "./rule_commands.ts";
import { NEW_RULE } from "./rule_fields.ts";
import { ruleBody } from "./rule_body.ts";

Deno.test("pushRuleArgs() says the short form in short", () => {
  const body = ruleBody({ ...NEW_RULE, listenEnd: "30009", targetEnd: "9009" }, "edge-01");
  assert.deepEqual(pushRuleArgs(body), [
    "push-rule",
    "edge-01",
    "30000-30009",
    "127.0.0.1:9000-9009",
  ]);
});

Deno.test("pushRuleArgs() says everything a rule has", () => {
  const body = {
    client: "edge-01",
    listen_port: 443,
    targets: [
      { host: "a", port: 1, priority: 0, proxy_protocol: "v2" },
      { host: "[::1]", port: 2, priority: 5, proxy_protocol: "v2" },
    ],
    prefer_ipv6: true,
    sni_pattern: "*.example.com",
    health_check_interval_secs: 10,
    rate_limit: { bandwidth_in_bps: 1000, concurrent_connections: 5 },
  };
  assert.deepEqual(pushRuleArgs(body), [
    ...["push-rule", "edge-01", "443", "--target", "a:1@0", "--target", "[::1]:2@5"],
    ...["--proxy-protocol", "v2", "--prefer-ipv6", "--sni", "*.example.com"],
    ...["--health-check-interval-secs", "10", "--bandwidth-in-bps", "1000"],
    ...["--concurrent-connections", "5"],
  ]);
  const mixed = { ...body, targets: body.targets.map((it, i) => ({ ...it, port: i + 1 })) };
  mixed.targets[1] = { host: "b", port: 2, priority: 1, proxy_protocol: "" };
  assert.ok(pushRuleArgs(mixed).includes("--targets-json"), "versions of its own for each");
});
