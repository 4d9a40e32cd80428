import assert from "node:assert/strict";
import { tcpRule } from "../../tests/forward/rules.ts";
import { FakeForwarder } from "../../tests/kit/fake_forwarder.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { turn } from "../../tests/kit/turn.ts";
import { RuleTable } from "./rule_table.ts";

const rule = (id: bigint, target = 80) => tcpRule({ id, listen: 1_000 + Number(id), target });

class Fixture {
  readonly forwarder = new FakeForwarder();
  readonly logger = new RecordingLogger();
  readonly reports: string[] = [];
  readonly table = new RuleTable({
    forwarder: this.forwarder,
    drainMs: 30_000,
    logger: this.logger,
  });

  constructor() {
    this.table.reportTo(({ requestId, ruleId, outcome, reason = "" }) => {
      this.reports.push(`${requestId} ${ruleId} ${outcome} ${reason}`.trimEnd());
      return Promise.resolve();
    });
  }

  /** Pushes these rules, then forgets what was called and reported. */
  async seed(...ids: readonly bigint[]): Promise<void> {
    for (const id of ids) await this.table.push(`p${id}`, rule(id), "command");
    this.forwarder.calls.length = 0;
    this.reports.length = 0;
  }
}

Deno.test("RuleTable.push() opens a new rule and reports what became of it", async () => {
  const { table, forwarder, reports, logger } = new Fixture();
  forwarder.failures.set(2n, "port_in_use");
  await table.push("a", rule(1n), "command");
  await table.push("b", rule(2n), "replay");
  assert.deepEqual(forwarder.calls, ["open 1", "open 2"]);
  assert.deepEqual(reports, ["a 1 activated", "b 2 failed port_in_use"]);
  assert.equal(table.size, 1);
  assert.deepEqual(logger.of("rule.activated").map(({ fields }) => fields), [{
    rule_id: "1",
    listen_port: 1_001,
    listen_port_end: 1_001,
    range_size: 1,
    target: "127.0.0.1:80",
  }]);
  assert.equal(logger.of("rule.failed")[0]?.fields["reason"], "port_in_use");
});

Deno.test("RuleTable.push() of a failed rule tries again", async () => {
  const { table, forwarder, reports } = new Fixture();
  forwarder.failures.set(1n, "port_in_use");
  await table.push("a", rule(1n), "command");
  forwarder.failures.clear();
  await table.push("b", rule(1n), "command");
  assert.deepEqual(reports, ["a 1 failed port_in_use", "b 1 activated"]);
});

Deno.test("RuleTable.push() as a command changes nothing but the caps of a running rule", async () => {
  const fixture = new Fixture();
  const { table, forwarder, reports } = fixture;
  await fixture.seed(1n);
  const capped = { ...rule(1n, 99), limits: { concurrentConnections: 3 } };
  await table.push("b", capped, "command");
  assert.deepEqual(forwarder.calls, ["limits 1"]);
  assert.deepEqual(forwarder.running.get(1n), { ...rule(1n), limits: capped.limits });
  forwarder.limitFailures.set(1n, "rate_limit_unsupported_by_client");
  await table.push("c", capped, "command");
  assert.deepEqual(reports, [
    "b 1 activated",
    "c 1 failed rate_limit_unsupported_by_client",
  ]);
  assert.equal(table.size, 1);
});

Deno.test("RuleTable applies a replay as a difference", async () => {
  const fixture = new Fixture();
  const { table, forwarder, reports } = fixture;
  await fixture.seed(1n, 2n, 3n);
  await table.beginReplay();
  await table.push("r1", { ...rule(1n), limits: { newConnectionsPerSec: 1 } }, "replay");
  await table.push("r2", rule(2n, 99), "replay");
  await table.push("r4", rule(4n), "replay");
  await table.endReplay();
  assert.deepEqual(forwarder.calls, ["limits 1", "close 2", "open 2", "open 4", "close 3"]);
  assert.deepEqual(reports, ["r1 1 activated", "r2 2 activated", "r4 4 activated"]);
  assert.deepEqual([...forwarder.running.keys()].sort(), [1n, 2n, 4n]);
  assert.equal(forwarder.running.get(2n)?.targetPorts.start, 99);
});

Deno.test("RuleTable.endReplay() leaves rules alone that were pushed or removed meanwhile", async () => {
  const fixture = new Fixture();
  const { table, forwarder } = fixture;
  await fixture.seed(1n, 2n);
  await table.beginReplay();
  await table.remove("x", 1n);
  await table.push("y", rule(5n), "command");
  await table.push("z", rule(2n), "command");
  await table.endReplay();
  assert.deepEqual([...forwarder.running.keys()], [2n, 5n]);
});

Deno.test("RuleTable.endReplay() without a new replay stops nothing", async () => {
  const fixture = new Fixture();
  await fixture.seed(1n);
  await fixture.table.endReplay();
  assert.deepEqual(fixture.forwarder.calls, []);
});

Deno.test("RuleTable.refuse() reports the reason and stops a rule of that id", async () => {
  const fixture = new Fixture();
  const { table, forwarder, reports } = fixture;
  await fixture.seed(1n);
  await table.refuse("a", 1n, "range_invalid");
  await table.refuse("b", 2n, "invalid_target_host");
  assert.deepEqual(forwarder.calls, ["close 1"]);
  assert.deepEqual(reports, ["a 1 failed range_invalid", "b 2 failed invalid_target_host"]);
});

Deno.test("RuleTable.remove() reports at once, while connections drain", async () => {
  const fixture = new Fixture();
  const { table, forwarder, reports, logger } = fixture;
  await fixture.seed(1n);
  forwarder.holdDrains();
  await table.remove("a", 1n);
  assert.deepEqual(reports, ["a 1 removed"]);
  assert.deepEqual(forwarder.drainMs, [30_000]);
  assert.equal(table.size, 0);
  await table.push("b", rule(1n), "command");
  assert.deepEqual(forwarder.calls, ["close 1", "open 1"], "the id can be used again at once");
  assert.equal(logger.of("rule.removed").length, 1);
});

Deno.test("RuleTable.remove() reports once the ports are free, not before", async () => {
  const fixture = new Fixture();
  const { table, forwarder, reports, logger } = fixture;
  await fixture.seed(1n);
  forwarder.holdReleases();
  const removed = table.remove("a", 1n);
  await turn();
  assert.deepEqual(reports, []);
  assert.equal(logger.of("rule.removed").length, 0);
  forwarder.released();
  await removed;
  assert.deepEqual(reports, ["a 1 removed"]);
  assert.equal(logger.of("rule.removed").length, 1);
});

Deno.test("RuleTable.remove() of an unknown rule is only logged", async () => {
  const { table, forwarder, reports, logger } = new Fixture();
  await table.remove("a", 9n);
  assert.deepEqual([forwarder.calls, reports], [[], []]);
  assert.deepEqual(logger.of("control.rule_remove_unknown").map(({ fields }) => fields), [
    { request_id: "a", rule_id: "9" },
  ]);
});

Deno.test("RuleTable.closeAll() reports with the latest push ids and waits for all drains", async () => {
  const fixture = new Fixture();
  const { table, forwarder, reports } = fixture;
  await fixture.seed(1n, 2n, 3n);
  await table.push("q2", rule(2n), "command");
  forwarder.holdDrains();
  await table.remove("a", 3n);
  reports.length = 0;
  let closed = false;
  const closing = table.closeAll().then(() => closed = true);
  await turn();
  assert.deepEqual(reports, ["p1 1 removed", "q2 2 removed"]);
  assert.equal(closed, false);
  forwarder.drained();
  await closing;
  assert.equal(forwarder.running.size, 0);
});

Deno.test("RuleTable.closeAll() closes every rule although nobody takes the reports", async () => {
  const fixture = new Fixture();
  const { table, forwarder } = fixture;
  await fixture.seed(1n, 2n, 3n);
  const { promise: stuck, resolve } = Promise.withResolvers<void>();
  table.reportTo(() => stuck);
  const closing = table.closeAll();
  await turn();
  assert.deepEqual(forwarder.calls, ["close 1", "close 2", "close 3"]);
  resolve();
  await closing;
});

Deno.test("RuleTable runs one operation at a time, in the order they were asked for", async () => {
  const { table, forwarder, reports } = new Fixture();
  await Promise.all([
    table.push("a", rule(1n), "command"),
    table.remove("b", 1n),
    table.push("c", rule(1n, 99), "command"),
    table.closeAll(),
  ]);
  assert.deepEqual(forwarder.calls, ["open 1", "close 1", "open 1", "close 1"]);
  assert.deepEqual(reports, ["a 1 activated", "b 1 removed", "c 1 activated", "c 1 removed"]);
});

Deno.test("RuleTable drops reports between sessions, and goes on after a report that failed", async () => {
  const { table, forwarder, reports } = new Fixture();
  table.reportTo(null);
  await table.push("a", rule(1n), "command");
  assert.deepEqual(reports, []);
  table.reportTo(() => Promise.reject(new Error("gone")));
  await assert.rejects(table.push("b", rule(2n), "command"), /gone/);
  table.reportTo(null);
  await table.push("c", rule(3n), "command");
  assert.equal(forwarder.running.size, 3);
});

Deno.test("RuleTable.state() is what runs, with the caps that were set last", async () => {
  const { table, forwarder } = new Fixture();
  let changes = 0;
  table.watch(() => changes += 1);
  table.useUdp({ flowsMax: 1, idleMs: 2 });
  forwarder.failures.set(3n, "port_in_use");
  for (const id of [1n, 2n, 3n]) await table.push("a", rule(id), "command");
  const limits = { concurrentConnections: 5 };
  await table.push("b", { ...rule(1n, 99), limits }, "command");
  await table.remove("c", 2n);
  table.owners.setCaps("alice", limits);
  assert.deepEqual(table.state(), {
    udp: { flowsMax: 1, idleMs: 2 },
    rules: [{ ...rule(1n), limits }],
    caps: [{ ownerId: "alice", caps: limits }],
    quotas: [],
  });
  assert.equal(changes, 6);
});

Deno.test("RuleTable.state() keeps the caps that run when new ones are refused", async () => {
  const { table, forwarder } = new Fixture();
  await table.push("a", rule(1n), "command");
  forwarder.limitFailures.set(1n, "unsupported: caps");
  await table.push("b", { ...rule(1n), limits: { concurrentConnections: 5 } }, "command");
  assert.deepEqual(table.state().rules, [rule(1n)]);
});

Deno.test("RuleTable.restore() forwards at once, and the replay finds the rules running", async () => {
  const { table, forwarder, reports } = new Fixture();
  forwarder.failures.set(2n, "port_in_use");
  const caps = { concurrentConnections: 5 };
  const quota = { remainingBytes: 7n, exhausted: false };
  await table.restore({
    udp: { flowsMax: 1, idleMs: 2 },
    rules: [rule(1n), rule(2n), rule(3n), { ...rule(4n), sniPattern: "a.example" }],
    caps: [{ ownerId: "alice", caps }],
    quotas: [{ ownerId: "alice", quota }],
  });
  assert.deepEqual(forwarder.udp, { flowsMax: 1, idleMs: 2 });
  const opened = ["owner limits alice", "quota alice", "open 4", "open 1", "open 2", "open 3"];
  const why = "limits hold from the first byte, and SNI rules share their port with the others";
  assert.deepEqual(forwarder.calls, opened, why);
  await table.beginReplay();
  reports.length = 0;
  forwarder.failures.clear();
  await table.push("r1", rule(1n), "replay");
  await table.push("r2", rule(2n), "replay");
  await table.endReplay();
  assert.deepEqual(reports, ["r1 1 activated", "r2 2 activated"]);
  assert.deepEqual(forwarder.calls.slice(6), ["limits 1", "open 2", "close 4", "close 3"]);
});
