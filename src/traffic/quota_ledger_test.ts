import assert from "node:assert/strict";
import { CLIENT, CLIENT_2, START, TrafficFixture } from "../../tests/kit/traffic_fixture.ts";
import { withMonthlyBytes, withoutUsage } from "../core/quota.ts";
import { StoreError } from "../store/database.ts";

const MINUTE_MS = 60_000;
const JANUARY_MS = 31 * 86_400_000;
const KEY = { userId: "alice", clientId: CLIENT.clientId };

/** The lines of the quota metrics, without the comments. */
function metricsOf({ metrics }: TrafficFixture): string[] {
  const text = metrics.render();
  return text.split("\n").filter((line) => line.startsWith("portunus_traffic_quota_"));
}

const LABELS = '{client="edge-01",user="alice"}';

Deno.test("QuotaLedger begins new periods within a minute, all that were missed in one step", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.addQuota(100n);
  it.addQuota(100n, "bob", CLIENT_2);
  it.report([0n, 100n, 0n]);
  it.clock.advance(JANUARY_MS - MINUTE_MS);
  assert.deepEqual(it.told, ["exhausted alice"]);
  it.told.length = 0;
  it.clock.advance(MINUTE_MS);
  assert.deepEqual(it.told.toSorted(), ["rolledOver alice", "rolledOver bob"]);
  const quota = it.quotaOf();
  assert.deepEqual(quota, {
    ...CLIENT,
    userId: "alice",
    monthlyBytes: 100n,
    billingAnchor: START,
    periodStartedAt: it.now,
    bytesUsed: 0n,
    exhaustedAt: null,
    createdAt: START,
    updatedAt: it.now,
  });
  assert.deepEqual(it.logger.of("traffic_rollover.tick").map(({ fields }) => fields), [
    { advanced: 2 },
  ]);
  const rolled = it.logger.of("traffic_quota.period_rolled").map(({ fields }) => fields);
  assert.deepEqual(rolled.find(({ user }) => user === "alice"), {
    user: "alice",
    client: "edge-01",
    new_start: it.now,
  });

  it.told.length = 0;
  it.ledger[Symbol.dispose]();
  it.clock.advance(120 * 86_400_000);
  assert.deepEqual(it.told, [], "it has ended");
  it.restart();
  it.clock.advance(MINUTE_MS);
  assert.deepEqual(it.told.toSorted(), ["rolledOver alice", "rolledOver bob"]);
  assert.equal(it.quotaOf()?.periodStartedAt, BigInt(Date.UTC(2026, 5, 1) / 1_000));
});

Deno.test("QuotaLedger tries again when the store cannot be written", () => {
  using it = new TrafficFixture();
  it.addQuota(100n);
  it.clock.advance(JANUARY_MS - 1);
  it.db.sabotage("traffic_quotas");
  it.clock.advance(MINUTE_MS);
  const [failure] = it.logger.of("traffic_rollover.tick_failed");
  assert.equal(failure?.level, "error");
  assert.deepEqual(it.told, []);
  it.db.repair();
  it.clock.advance(MINUTE_MS);
  assert.deepEqual(it.told, ["rolledOver alice"]);
});

Deno.test("QuotaLedger keeps a future period waiting, and one whose anchor is no date as it is", () => {
  using it = new TrafficFixture();
  const quota = it.addQuota(100n);
  it.ledger.put({ ...quota, billingAnchor: it.now + 500n, periodStartedAt: it.now + 500n });
  it.ledger.put({ ...quota, userId: "bob", billingAnchor: 2n ** 62n, periodStartedAt: 2n ** 62n });
  it.clock.advance(20 * 86_400_000);
  assert.deepEqual(it.told, []);
});

Deno.test("QuotaLedger.put() replaces, update() changes, remove() removes", () => {
  using it = new TrafficFixture();
  const quota = it.addQuota(100n);
  it.addQuota(200n, "bob");
  assert.deepEqual(it.ledger.get(KEY), quota);
  it.ledger.put({ ...quota, monthlyBytes: 300n });
  assert.equal(it.quotaOf()?.monthlyBytes, 300n);

  const changed = it.ledger.update(KEY, (before) => withMonthlyBytes(before, 400n, 7n));
  assert.deepEqual(changed, { ...quota, monthlyBytes: 400n, updatedAt: 7n });
  assert.deepEqual(it.quotaOf(), changed);
  assert.equal(it.ledger.update({ ...KEY, userId: "carol" }, () => assert.fail()), undefined);

  assert.deepEqual(it.ledger.remove(KEY), changed);
  assert.equal(it.ledger.remove(KEY), undefined);
  assert.equal(it.quotaOf(), undefined);
  assert.equal(it.quotaOf("bob")?.monthlyBytes, 200n);
});

Deno.test("QuotaLedger refuses to start on a quota that cannot be read", () => {
  using it = new TrafficFixture();
  it.addQuota(100n);
  it.db.store.db.exec("UPDATE traffic_quotas SET billing_anchor = 'soon'");
  assert.throws(
    () => it.restart(),
    (error) => error instanceof StoreError && error.kind === "corruption",
  );
  assert.equal(it.logger.of("traffic_quota.cache_hydrate_failed").length, 1);
});

Deno.test("the gauges of a quota follow usage, changes and new periods, and go with it", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.addQuota(100n);
  assert.deepEqual(metricsOf(it), [
    `portunus_traffic_quota_bytes_limit${LABELS} 100`,
    `portunus_traffic_quota_bytes_used${LABELS} 0`,
    `portunus_traffic_quota_exhausted${LABELS} 0`,
  ]);
  it.report([0n, 60n, 60n]);
  assert.deepEqual(metricsOf(it), [
    `portunus_traffic_quota_bytes_limit${LABELS} 100`,
    `portunus_traffic_quota_bytes_used${LABELS} 120`,
    `portunus_traffic_quota_exhausted${LABELS} 1`,
    `portunus_traffic_quota_exhausted_total${LABELS} 1`,
  ]);
  it.ledger.update(KEY, (quota) => withMonthlyBytes(quota, 200n, it.now));
  it.ledger.update(KEY, (quota) => withMonthlyBytes(quota, 120n, it.now));
  assert.deepEqual(metricsOf(it), [
    `portunus_traffic_quota_bytes_limit${LABELS} 120`,
    `portunus_traffic_quota_bytes_used${LABELS} 120`,
    `portunus_traffic_quota_exhausted${LABELS} 1`,
    `portunus_traffic_quota_exhausted_total${LABELS} 2`,
  ]);
  it.clock.advance(JANUARY_MS);
  assert.deepEqual(metricsOf(it), [
    `portunus_traffic_quota_bytes_limit${LABELS} 120`,
    `portunus_traffic_quota_bytes_used${LABELS} 0`,
    `portunus_traffic_quota_exhausted${LABELS} 0`,
    `portunus_traffic_quota_exhausted_total${LABELS} 2`,
    `portunus_traffic_quota_period_resets_total${LABELS} 1`,
  ]);
  it.ledger.remove(KEY);
  assert.deepEqual(metricsOf(it), [
    `portunus_traffic_quota_exhausted_total${LABELS} 2`,
    `portunus_traffic_quota_period_resets_total${LABELS} 1`,
  ]);
});

Deno.test("the gauges are there from the start, and follow the client's name", () => {
  using it = new TrafficFixture();
  const quota = it.addQuota(100n);
  it.ledger.put({ ...quota, clientName: "renamed" });
  const lines = metricsOf(it);
  assert.equal(lines.length, 3);
  assert.ok(lines.every((line) => line.includes('client="renamed"')), lines.join("\n"));
  it.metrics.forgetQuota({ ...quota, clientName: "renamed" });
  it.restart();
  assert.deepEqual(metricsOf(it), lines);
});

Deno.test("forgetting what was used is no exhaustion", () => {
  using it = new TrafficFixture();
  it.addRule(0n);
  it.addQuota(10n);
  it.report([0n, 10n, 0n]);
  it.ledger.update(KEY, (quota) => withoutUsage(quota, it.now));
  const lines = metricsOf(it);
  assert.ok(lines.includes(`portunus_traffic_quota_exhausted${LABELS} 0`), lines.join("\n"));
  it.report([0n, 20n, 0n]);
  assert.deepEqual(it.told, ["exhausted alice", "exhausted alice"]);
});
