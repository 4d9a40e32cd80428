import assert from "node:assert/strict";
import { impactOf } from "./impact.ts";
import { sampleRule } from "./sample_rule.ts";

const named = sampleRule({ id: 1, listen_port: 443, sni_pattern: "a.example" });
const other = sampleRule({ id: 2, listen_port: 443, sni_pattern: "b.example" });
const caps = [{ owner_id: "alice", has_rate_limit: true, rule_count: 2 }];
const owners = new Map([[named.client_id, caps]]);
const connections = new Map([[1, 3]]);

Deno.test("impactOf() names ports, connections and who stays on the port", () => {
  const lines = impactOf([named], { all: [named, other], connections, owners });
  assert.equal(lines.length, 2, "alice has another rule there, so her caps stay");
  assert.match(lines[0] ?? "", /#1.*edge-01.*443\/TCP.*3/);
  assert.match(lines[1] ?? "", /#2.*b\.example/);
});

Deno.test("impactOf() says that the caps of an owner end with the last rule", () => {
  const lines = impactOf([named, other], { all: [named, other], connections, owners });
  assert.equal(lines.length, 3);
  assert.match(lines[2] ?? "", /alice.*edge-01/);
});
