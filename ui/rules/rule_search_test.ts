import assert from "node:assert/strict";
import { matchesRule, type SearchedRule } from "./rule_search.ts";

const target = { host: "db.example", port: 5432, priority: 0, proxy_protocol: null, health: null };
const rule: SearchedRule = {
  id: 7,
  client_name: "edge-01",
  listen_port: 30_000,
  listen_port_end: 30_099,
  owner_user_id: "alice",
  targets: [target],
};

Deno.test("matchesRule() finds ports inside ranges, ids, hosts and owners", () => {
  for (const text of ["", "30017", "5432", "#7", "edge", "DB.exa", "alice 30099"]) {
    assert.ok(matchesRule(rule, text), text);
  }
  for (const text of ["30100", "3001", "#8", "bob", "alice 29999"]) {
    assert.ok(!matchesRule(rule, text), text);
  }
});
