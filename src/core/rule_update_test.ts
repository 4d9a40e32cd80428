import assert from "node:assert/strict";
import { RuleBody } from "./rule_body.ts";
import { ruleFromBody } from "./rule_input.ts";
import { limitsFromUpdate } from "./rule_update.ts";

type Members = Record<string, unknown>;

const single = {
  client: "edge",
  listen_port: 80,
  listen_port_end: 81,
  target_host: "Db.Internal",
  target_port: 8080,
  target_port_end: 8081,
};
const targets = [{ host: "a", port: 1, priority: 0 }, { host: "B", port: 2, priority: 3 }];
const list = { client: "edge", listen_port: 443, targets };
const rate_limit = { concurrent_connections: 5 };

function stored(members: Members) {
  const { clientName, draft } = ruleFromBody(RuleBody.parse(members));
  return { clientName, ...draft };
}

function update(body: Members, rule: Members) {
  return limitsFromUpdate(RuleBody.parse(body), stored(rule));
}

Deno.test("limitsFromUpdate() returns the new caps when the body describes the rule", () => {
  assert.deepEqual(update({ ...list, rate_limit }, list), { concurrentConnections: 5 });
  assert.equal(update(list, { ...list, rate_limit }), null);
  assert.equal(update({ ...single, protocol: "TCP", target_host: "db.internal." }, single), null);
  const ignored = { prefer_ipv6: true, sni_pattern: "*", health_check_interval_secs: 0 };
  assert.equal(update({ ...list, ...ignored }, list), null);
});

Deno.test("limitsFromUpdate() caps a single-target rule through a list of one", () => {
  const rule = { client: "edge", listen_port: 80, target_host: "a", target_port: 1 };
  const body = { client: "edge", listen_port: 80, rate_limit, targets: [{ host: "A", port: 1 }] };
  assert.deepEqual(update(body, rule), { concurrentConnections: 5 });
  assert.throws(() => update({ ...rule, rate_limit }, rule), {
    code: "validation.rate_limit_on_legacy_shape",
  });
});

Deno.test("limitsFromUpdate() throws when anything but the caps differs", () => {
  const [first, second] = targets;
  // Priorities that were given by index must be spelled out to stay the same.
  const byIndex = { ...list, targets: [{ host: "a", port: 1 }, { host: "b", port: 2 }] };
  const cases: [body: Members, rule: Members][] = [
    [{ ...list, client: "Edge" }, list],
    [{ ...list, protocol: "udp" }, list],
    [{ ...list, listen_port: 444 }, list],
    [{ ...list, targets: [] }, list],
    [{ ...list, targets: [first] }, list],
    [{ ...list, targets: [...targets, { host: "c", port: 1 }] }, list],
    [{ ...list, targets: [second, first] }, list],
    [{ ...list, targets: [first, { ...second, host: "c" }] }, list],
    [{ ...list, targets: [first, { ...second, port: 3 }] }, list],
    [{ ...list, targets: [first, { ...second, priority: 1 }] }, list],
    [{ ...list, targets: [first, { host: "B", port: 2 }] }, list],
    [byIndex, byIndex],
    [{ ...single, target_host: "other" }, single],
    [{ ...single, target_host: undefined }, single],
    [{ ...single, target_port: 8079 }, single],
    [{ ...single, target_port: undefined }, single],
    [{ ...single, target_port_end: 8082 }, single],
    [{ ...single, listen_port_end: undefined, target_port_end: undefined }, single],
  ];
  for (const [body, rule] of cases) {
    assert.throws(() => update(body, rule), {
      code: "validation.rule_update_shape_mismatch",
    }, JSON.stringify(body));
  }
});

Deno.test("limitsFromUpdate() checks form and caps before it compares", () => {
  const other = { ...list, client: "other" };
  assert.throws(() => update({ ...other, target_host: "a" }, list), {
    code: "rule_shape_conflict",
  });
  assert.throws(() => update({ ...other, listen_port: 0 }, list), { code: "range_invalid" });
  assert.throws(() => update({ ...other, rate_limit: { bandwidth_in_bps: 0 } }, list), {
    code: "validation.rate_limit_cap_zero",
  });
});
