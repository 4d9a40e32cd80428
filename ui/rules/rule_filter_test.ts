import assert from "node:assert/strict";
import { filterRules, type RuleFilter } from "./rule_filter.ts";
import { sampleRule } from "./sample_rule.ts";

const [target] = sampleRule().targets;
const health = {
  healthy: false,
  consecutive_failures: 3,
  last_failure_at_unix_ms: 1,
  last_success_at_unix_ms: 0,
};
const rules = [
  sampleRule({ id: 1 }),
  sampleRule({ id: 2, client_name: "edge-02", state: { kind: "failed", reason: "in use" } }),
  sampleRule({ id: 3, owner_user_id: "bob", targets: target ? [{ ...target, health }] : [] }),
];
const ids = (filter: Partial<RuleFilter>) =>
  filterRules(rules, { client: "", owner: "", state: "", q: "", ...filter }).map((it) => it.id);

Deno.test("filterRules() passes what every filter lets through", () => {
  assert.deepEqual(ids({}), [1, 2, 3]);
  assert.deepEqual(ids({ client: "edge-02" }), [2]);
  assert.deepEqual(ids({ owner: "bob" }), [3]);
  assert.deepEqual(ids({ state: "failed" }), [2]);
  assert.deepEqual(ids({ state: "active" }), [1, 3]);
  assert.deepEqual(ids({ state: "down" }), [3]);
  assert.deepEqual(ids({ q: "18080", owner: "alice", state: "active" }), [1]);
  assert.deepEqual(ids({ state: "unheard-of" }), []);
});
