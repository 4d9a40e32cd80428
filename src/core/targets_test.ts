import assert from "node:assert/strict";
import { byPriority, checkTargets } from "./targets.ts";

const target = (host: string, port = 443) => ({ host, port });
const many = (n: number) => Array.from({ length: n }, (_, i) => target(`h${i}.example`));

Deno.test("checkTargets() returns one to eight targets with canonical hosts", () => {
  assert.deepEqual(checkTargets([target("A.Example.")]), [target("a.example")]);
  assert.equal(checkTargets(many(8)).length, 8);
  const mixed = [{ ...target("[::0:1]", 1), extra: "kept" }, { ...target("10.0.0.1"), extra: "x" }];
  assert.deepEqual(checkTargets(mixed), [
    { host: "[::1]", port: 1, extra: "kept" },
    { host: "10.0.0.1", port: 443, extra: "x" },
  ]);
});

Deno.test("checkTargets() accepts one host with several ports, and compares hosts as written", () => {
  checkTargets([target("a.example", 1), target("a.example", 2), target("A.example", 1)]);
});

Deno.test("checkTargets() throws the code and text of the first problem", () => {
  const cases: [targets: { host: string; port: number }[], message: string][] = [
    [[], "targets_empty: rule must carry at least one target"],
    [many(9), "targets_too_many: at most 8 targets allowed per rule, got 9"],
    [
      [...many(8), target("")],
      "targets_too_many: at most 8 targets allowed per rule, got 9",
    ],
    [[target("", 0)], "target_invalid_host: target 0 has empty host"],
    [
      [target("a"), target("a_b", 0)],
      "target_invalid_port: target 1 has invalid port 0 (must be 1..=65535)",
    ],
    [
      [target("a", 65_536)],
      "target_invalid_port: target 0 has invalid port 65536 (must be 1..=65535)",
    ],
    [
      [target("a"), target("::1"), target("a")],
      'target_invalid_host: target 1 has invalid host "::1" ' +
      '(bare unbracketed IPv6 literal "::1" (use [...]))',
    ],
    [
      [target("a_b")],
      'target_invalid_host: target 0 has invalid host "a_b" ' +
      `(hostname_invalid_char: label "a_b" contains '_')`,
    ],
    [
      [target("a"), target("b"), target("c"), target("b")],
      "targets_duplicate: targets at indices 1 and 3 share (host,port) (b:443)",
    ],
  ];
  for (const [targets, message] of cases) {
    assert.throws(() => checkTargets(targets), { name: "PortunusError", message });
  }
});

Deno.test("byPriority() sorts ascending, keeps the order of equals and its argument", () => {
  const targets = [[5, "a"], [0, "b"], [5, "c"], [0, "d"], [2, "e"]]
    .map(([priority, name]) => ({ priority: Number(priority), name }));
  assert.deepEqual(byPriority(targets).map(({ name }) => name), ["b", "d", "e", "a", "c"]);
  assert.deepEqual(targets.map(({ name }) => name), ["a", "b", "c", "d", "e"]);
});
