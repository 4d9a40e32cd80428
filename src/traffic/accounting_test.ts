import assert from "node:assert/strict";
import fc from "fast-check";
import { TempDataDir } from "../../tests/kit/data_dir.ts";
import { TemporaryStore } from "../../tests/kit/seeded_store.ts";
import { fillUp, mountTmpfs } from "../../tests/kit/tmpfs.ts";
import { CLIENT_2, type Counters, TrafficFixture } from "../../tests/kit/traffic_fixture.ts";
import { COUNT_MAX } from "../core/counters.ts";

const MINUTE_MS = 60_000;

Deno.test("TrafficAccounting counts what was added since the last report, per owner and minute", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.addRule(1n);
  it.addRule(2n, "bob");
  it.report([0n, 10n, 1n], [1n, 20n, 2n], [2n, 5n, 0n]);
  it.clock.advance(MINUTE_MS - 1);
  it.report([0n, 11n, 1n], [1n, 20n, 2n], [2n, 5n, 7n]);
  it.clock.advance(1);
  it.report([0n, 13n, 4n], [1n, 20n, 2n], [2n, 5n, 7n]);
  assert.deepEqual(it.minutes, [
    "alice edge-01 +0: 31/3",
    "bob edge-01 +0: 5/7",
    "alice edge-01 +60: 2/3",
  ]);
});

Deno.test("TrafficAccounting takes a smaller counter for one that started over", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.report([0n, 100n, 50n]);
  it.report([0n, 0n, 60n]);
  it.report([0n, 100n, 60n]);
  it.report([0n, 40n, 60n]);
  assert.deepEqual(it.minutes, ["alice edge-01 +0: 240/60"]);
});

Deno.test("TrafficAccounting counts a rule once that a report names twice", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.report([0n, 100n, 0n], [0n, 100n, 0n]);
  it.report([0n, 100n, 0n], [0n, 110n, 0n]);
  it.report([0n, 110n, 0n]);
  assert.deepEqual(it.minutes, ["alice edge-01 +0: 110/0"]);
});

Deno.test("TrafficAccounting goes on after a restart where it was", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.addQuota(1_000n);
  it.report([0n, 100n, 50n]);
  it.restart();
  it.report([0n, 110n, 50n]);
  it.restart();
  it.report([0n, 110n, 50n]);
  assert.deepEqual(it.minutes, ["alice edge-01 +0: 110/50"]);
  assert.equal(it.quotaOf()?.bytesUsed, 160n);
});

Deno.test("TrafficAccounting skips rules that are not the client's", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.addRule(1n, "alice", CLIENT_2);
  it.report([1n, 5n, 5n], [7n, 5n, 5n]);
  assert.deepEqual(it.minutes, []);
  it.reportOf(CLIENT_2, [0n, 5n, 5n], [1n, 1n, 1n]);
  assert.deepEqual(it.minutes, ["alice edge-02 +0: 1/1"]);
});

Deno.test("a rule that gets the id of a removed one is counted from zero", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.report([0n, 100n, 100n]);
  it.removeRule(0n);
  it.report([0n, 120n, 120n]);
  it.restart();
  it.addRule(0n, "bob");
  it.report([0n, 120n, 0n]);
  assert.deepEqual(it.minutes, ["alice edge-01 +0: 100/100", "bob edge-01 +0: 120/0"]);
});

Deno.test("TrafficAccounting takes the bytes of both directions off the quota of their owner", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.addRule(1n, "bob");
  it.addQuota(100n);
  it.addQuota(100n, "alice", CLIENT_2);
  it.report([0n, 30n, 20n], [1n, 500n, 0n]);
  assert.equal(it.quotaOf()?.bytesUsed, 50n);
  assert.deepEqual(it.quotaOf("bob"), undefined);
  assert.deepEqual(
    it.ledger.listOfUser("alice").map(({ bytesUsed }) => bytesUsed),
    [50n, 0n],
    "that for another client is untouched",
  );
  const debug = it.logger.lines.map(({ event, fields }) => ({ event, ...fields }));
  assert.deepEqual(debug, [
    {
      event: "traffic_aggregator.accumulated",
      user: "alice",
      client: "edge-01",
      delta_total: 50n,
      used: 50n,
      monthly: 100n,
    },
    { event: "traffic_aggregator.no_row", user: "bob", client: "edge-01" },
  ]);
});

Deno.test("TrafficAccounting tells of the first crossing in a period, and of no other", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.addQuota(100n);
  it.report([0n, 99n, 0n]);
  assert.deepEqual(it.told, []);
  it.report([0n, 99n, 1n]);
  it.report([0n, 200n, 1n]);
  assert.deepEqual(it.told, ["exhausted alice"]);
  assert.equal(it.quotaOf()?.exhaustedAt, it.now);
});

Deno.test("TrafficAccounting begins a period that nobody noticed, and counts in that", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.addQuota(100n);
  it.report([0n, 100n, 0n]);
  // As if the task that looks for new periods could not run.
  it.ledger[Symbol.dispose]();
  it.clock.advance(31 * 86_400_000);
  it.report([0n, 130n, 0n]);
  assert.deepEqual(it.told, ["exhausted alice", "rolledOver alice"]);
  const quota = it.quotaOf();
  assert.deepEqual([quota?.bytesUsed, quota?.exhaustedAt], [30n, null]);
  assert.equal(quota?.periodStartedAt, it.now);
});

for (
  const table of ["traffic_baselines", "traffic_samples_1m", "traffic_quotas"] as const
) {
  Deno.test(`a report that cannot be written to ${table} is counted with the next one`, () => {
    using it = new TrafficFixture();
    it.addRule(0n);
    it.addQuota(100n);
    it.report([0n, 10n, 0n]);
    it.db.sabotage(table, "database or disk is full");
    it.report([0n, 150n, 0n]);
    assert.deepEqual(it.minutes, ["alice edge-01 +0: 10/0"]);
    assert.equal(it.quotaOf()?.bytesUsed, 10n);
    assert.deepEqual(it.told, []);
    const [line] = it.logger.of("traffic_aggregator.accumulate_failed");
    assert.equal(line?.level, "error");
    assert.equal(line.fields["client"], "edge-01");
    assert.match(String(line.fields["error"]), /disk is full/);

    it.db.repair();
    it.report([0n, 160n, 0n]);
    assert.deepEqual(it.minutes, ["alice edge-01 +0: 160/0"]);
    assert.equal(it.quotaOf()?.bytesUsed, 160n);
    assert.deepEqual(it.told, ["exhausted alice"]);
  });
}

Deno.test("reports that find the disk full are counted once there is room", () => {
  using mount = mountTmpfs("counting traffic on a full disk", 8);
  if (!mount) return;
  using it = new TrafficFixture(new TemporaryStore(new TempDataDir(mount.path)));
  it.addRule(0n);
  it.addQuota(1_000_000n);
  it.report([0n, 10n, 10n]);
  fillUp(`${mount.path}/ballast`);
  // What the log has allocated already takes some more.
  let bytes = 10n;
  while (it.logger.of("traffic_aggregator.accumulate_failed").length < 3) {
    bytes += 10n;
    it.report([0n, bytes, bytes]);
    assert.ok(bytes < 100_000n, "the disk is full");
  }
  assert.ok(it.quotaOf()?.bytesUsed as bigint < 2n * bytes);
  Deno.removeSync(`${mount.path}/ballast`);
  it.report([0n, bytes, bytes]);
  assert.deepEqual(it.minutes, [`alice edge-01 +0: ${bytes}/${bytes}`]);
  assert.equal(it.quotaOf()?.bytesUsed, 2n * bytes);
});

Deno.test("TrafficAccounting writes nothing for a report in which nothing has changed", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.report([0n, 10n, 10n]);
  it.db.sabotage("traffic_baselines");
  it.report([0n, 10n, 10n]);
  it.report();
  assert.deepEqual(it.logger.of("traffic_aggregator.accumulate_failed"), []);
});

Deno.test("TrafficAccounting is exact beyond 2^53, and no counter makes it overflow", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.addRule(1n);
  it.addQuota(COUNT_MAX);
  const large = 2n ** 53n;
  it.report([0n, large, large + 1n]);
  it.report([0n, large + 1n, large + 1n]);
  assert.deepEqual(it.minutes, [`alice edge-01 +0: ${large + 1n}/${large + 1n}`]);
  assert.equal(it.quotaOf()?.bytesUsed, 2n * (large + 1n));

  it.report([0n, 2n ** 64n - 1n, 0n], [1n, 2n ** 64n - 1n, 0n]);
  it.report([0n, 1n, 0n], [1n, 2n ** 64n - 1n, 0n]);
  assert.deepEqual(it.minutes, [`alice edge-01 +0: ${COUNT_MAX}/${large + 1n}`]);
  assert.equal(it.quotaOf()?.bytesUsed, COUNT_MAX);
});

/** What a rule of the model has forwarded, and what its client says of it. */
interface ModelRule {
  reported: bigint;
  total: bigint;
}

Deno.test("whatever happens, what was forwarded and reported is counted once", () => {
  const ruleIds = [0n, 1n, 2n];
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ add: fc.nat({ max: 1_000 }), rule: fc.nat({ max: 2 }) }) },
    { weight: 3, arbitrary: fc.constant("report" as const) },
    { weight: 1, arbitrary: fc.constant("server restarts" as const) },
    { weight: 1, arbitrary: fc.constant("client restarts" as const) },
    { weight: 1, arbitrary: fc.constant("disk is full" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      using it = new TrafficFixture();
      for (const id of ruleIds) it.addRule(id);
      it.addQuota(1_000_000n);
      const rules: ModelRule[] = ruleIds.map(() => ({ reported: 0n, total: 0n }));
      const counters = () => rules.map(({ reported }, n): Counters => [BigInt(n), reported, 0n]);
      for (const step of steps) {
        if (typeof step === "object") {
          const rule = rules[step.rule] as ModelRule;
          rule.reported += BigInt(step.add);
          rule.total += BigInt(step.add);
        } else if (step === "server restarts") {
          it.restart();
        } else if (step === "client restarts") {
          // It says what it has once more, and then that it has nothing.
          it.report(...counters());
          for (const rule of rules) rule.reported = 0n;
          it.report(...counters());
        } else if (step === "disk is full") {
          it.db.sabotage("traffic_quotas");
          it.report(...counters());
          it.db.repair();
        } else {
          it.report(...counters());
        }
      }
      it.report(...counters());
      const total = rules.reduce((sum, rule) => sum + rule.total, 0n);
      assert.equal(it.quotaOf()?.bytesUsed, total);
      assert.deepEqual(it.minutes, total === 0n ? [] : [`alice edge-01 +0: ${total}/0`]);
    }),
    { numRuns: 25 },
  );
});
