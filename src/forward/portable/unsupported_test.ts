import assert from "node:assert/strict";
import type { RuleSpec } from "../../core/rule.ts";
import { tcpRule } from "../../../tests/forward/rules.ts";
import { unsupportedReason } from "./unsupported.ts";

Deno.test("unsupportedReason() names the first thing a rule asks for that is not there", () => {
  const target = { host: "127.0.0.1", port: 9, priority: 0, proxyProtocol: null };
  const cases: [Partial<RuleSpec>, string | null][] = [
    [{}, null],
    [{ healthCheckIntervalSecs: 5, ownerId: "alice", preferIpv6: true }, null],
    [{ protocol: "udp", limits: { concurrentConnections: 1 } }, null],
    [{ protocol: "udp", targets: [target] }, null],
    [{ targets: [target], limits: { concurrentConnections: 1 } }, null],
    [{ sniPattern: "*.example.com" }, "unsupported: sni"],
    [{ targets: [target], sniPattern: "example.com" }, "unsupported: sni"],
  ];
  for (const [part, reason] of cases) {
    assert.equal(unsupportedReason(tcpRule({ listen: 80, target: 9, ...part })), reason);
  }
});
