import assert from "node:assert/strict";
import { noErrors, noRuleCounters } from "../forward/counters.ts";
import { parseConfig } from "./config.ts";
import { ruleId } from "../rulefile/rule_id.ts";
import { snapshotRules } from "./stats_messages.ts";

const { rules } = parseConfig(
  ["a", "b"].map((name, i) =>
    `[[rule]]\nname = "${name}"\nlisten_port = ${i + 1}\ntarget = "host:1"\n`
  ).join(""),
);

Deno.test("snapshotRules() has every local error in the documented order, then names and flows", () => {
  const counted = {
    ...noRuleCounters(ruleId("b")),
    errors: { ...noErrors(), emsgsize: 3n, send_dropped: 4n },
    dnsFailures: 5n,
    flowsDroppedOverflow: 6n,
  };
  const [, b] = snapshotRules(rules, [counted]);
  assert.deepEqual(Object.entries(b?.err ?? {}).map(([name, count]) => `${name} ${count}`), [
    "port_in_use 0",
    "upstream_connect_failed 0",
    "icmp_evict 0",
    "emsgsize 3",
    "wouldblock 0",
    "addflow_dropped 0",
    "flows_pending_drops 0",
    "bandwidth_dropped_in 0",
    "bandwidth_dropped_out 0",
    "send_dropped 4",
    "dns_failures 5",
    "flows_dropped_overflow 6",
  ]);
});

Deno.test("snapshotRules() has a row for each rule, in the file's order, counted or not", () => {
  const rows = snapshotRules(rules, [noRuleCounters(ruleId("b"))]);
  assert.deepEqual(rows.map(({ id }) => id), [String(ruleId("a")), String(ruleId("b"))]);
});
