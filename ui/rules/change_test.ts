import assert from "node:assert/strict";
import { areApart, changeKind, fieldChanges } from "./change.ts";
import { ruleFields } from "./rule_fields.ts";
import { sampleRule } from "./sample_rule.ts";

const before = ruleFields(sampleRule({ rate_limit: { concurrent_connections: 5 } }));

Deno.test("changeKind() changes caps in place, and replaces for anything else", () => {
  assert.equal(changeKind(before, before), "none");
  assert.equal(changeKind(before, { ...before, listenStart: " 18080 " }), "none");
  const caps = { ...before.caps, concurrent_connections: "6" };
  assert.equal(changeKind(before, { ...before, caps }), "caps");
  assert.equal(changeKind(before, { ...before, caps, sni: "a.example" }), "replace");
  assert.equal(changeKind(before, { ...before, preferIpv6: true }), "replace");
});

Deno.test("fieldChanges() says what was and what is going to be", () => {
  const [target] = before.targets;
  assert.ok(target);
  const after = { ...before, targets: [{ ...target, host: "::1" }], sni: "A.example" };
  assert.deepEqual(fieldChanges(before, after).map((it) => [it.before, it.after]), [
    ["10.0.0.5:8080", "[::1]:8080"],
    ["—", "a.example"],
  ]);
});

Deno.test("areApart() is whether no port is shared", () => {
  const at = (listen_port: number, listen_port_end: number | null = null, protocol = "tcp") => ({
    client: "edge-01",
    listen_port,
    listen_port_end,
    protocol,
  });
  assert.equal(areApart(at(80), at(81)), true);
  assert.equal(areApart(at(80, 90), at(85)), false);
  assert.equal(areApart(at(85), at(80, 90)), false);
  assert.equal(areApart(at(80), at(80, null, "udp")), true);
});
