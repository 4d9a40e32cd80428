import assert from "node:assert/strict";
import { FakeForwarder } from "../../tests/kit/fake_forwarder.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { turn } from "../../tests/kit/turn.ts";
import { parseConfig } from "./config.ts";
import { ruleId } from "../rulefile/rule_id.ts";
import { RuleSet } from "./rule_set.ts";

function rules(...lines: string[]) {
  return parseConfig(
    lines.map((line) => {
      const [name, port, ...more] = line.split(" ");
      return `[[rule]]\nname = "${name}"\nlisten_port = ${port}\ntarget = "a:1"\n${
        more.join(" ")
      }\n`;
    }).join(""),
  ).rules;
}

function fixture() {
  const forwarder = new FakeForwarder();
  const logger = new RecordingLogger();
  const set = new RuleSet({ forwarder, logger });
  const named = () => {
    const names = new Map(["a", "b", "c"].map((name) => [String(ruleId(name)), name]));
    const calls = forwarder.calls.splice(0).map((call) =>
      call.replace(/\d+/, (id) => names.get(id) ?? id)
    );
    return calls;
  };
  return { forwarder, logger, set, named };
}

Deno.test("ruleId() is the beginning of a BLAKE3 hash, as 3.1.0 has it", () => {
  // BLAKE3 of nothing begins with af1349b9f5f9a1a6.
  assert.equal(ruleId(""), 0xa6a1f9f5b94913afn);
});

Deno.test("RuleSet.apply() leaves alone what is the same", async () => {
  const { set, named } = fixture();
  await set.apply(rules("a 1", "b 2"), 0);
  assert.deepEqual(named(), ["open a", "open b"]);
  const applied = await set.apply(rules("b 2", "a 1"), 0);
  assert.deepEqual(named(), []);
  assert.equal(applied.unchanged, 2);
  assert.deepEqual(set.rules.map(({ name }) => name), ["b", "a"]);
});

Deno.test("RuleSet.apply() closes everything before it opens anything, so that ports can be swapped", async () => {
  const { set, named, forwarder } = fixture();
  await set.apply(rules("a 1", "b 2"), 0);
  named();
  forwarder.holdReleases();
  const applying = set.apply(rules("a 2", "b 1", "c 3"), 7);
  await turn();
  assert.deepEqual(named(), ["close a", "close b"]);
  forwarder.released();
  assert.partialDeepStrictEqual(await applying, { added: 1, changed: 2, removed: 0, failures: [] });
  assert.deepEqual(named(), ["open a", "open b", "open c"]);
  assert.deepEqual(forwarder.drainMs, [7, 7]);
});

Deno.test("RuleSet.apply() changes caps without reopening, and tries again what was refused", async () => {
  const { set, named, forwarder } = fixture();
  const capped = rules("a 1 rate_limit = { concurrent_connections = 5 }");
  await set.apply(rules("a 1"), 0);
  forwarder.limitFailures.set(ruleId("a"), "unsupported: limits");
  const refused = await set.apply(capped, 0);
  assert.deepEqual(refused.failures.map(({ reason }) => reason), ["unsupported: limits"]);
  forwarder.limitFailures.clear();
  assert.equal((await set.apply(capped, 0)).recapped, 1);
  assert.deepEqual(named(), ["open a", "limits a", "limits a"]);
  assert.equal((await set.apply(capped, 0)).unchanged, 1);
});

Deno.test("RuleSet.apply() logs a removed rule once it has drained, and reports what fails", async () => {
  const { set, forwarder, logger } = fixture();
  forwarder.failures.set(ruleId("b"), "port_in_use");
  const { failures } = await set.apply(rules("a 1", "b 2"), 0);
  assert.deepEqual(failures.map(({ rule, reason }) => [rule.name, reason]), [["b", "port_in_use"]]);
  forwarder.holdDrains();
  const { removed } = await set.apply(rules("c 3"), 0);
  assert.equal(removed, 1);
  assert.deepEqual(logger.of("rule.removed"), []);
  forwarder.drained();
  await logger.seen("rule.removed");
});

Deno.test("RuleSet.apply() opens the rules with a server name first, and reopens a plain one that comes to share its port", async () => {
  const { set, named } = fixture();
  await set.apply(rules("a 1"), 0);
  named();
  await set.apply(rules("a 1", 'b 1 sni_pattern = "x.example"'), 0);
  assert.deepEqual(named(), ["close a", "open b", "open a"]);
  await set.apply(rules("a 1"), 0);
  assert.deepEqual(named(), ["close a", "close b", "open a"]);
});
