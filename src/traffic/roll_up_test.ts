import assert from "node:assert/strict";
import { CLIENT, CLIENT_2, START, TrafficFixture } from "../../tests/kit/traffic_fixture.ts";
import { COUNT_MAX } from "../core/counters.ts";
import { TRAFFIC } from "../core/limits.ts";
import { TrafficRollUp } from "./roll_up.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const HOUR = 3_600n;
const DAY = 86_400n;

class Fixture extends TrafficFixture {
  readonly rollUp = new TrafficRollUp({
    samples: this.samples,
    clock: this.clock,
    logger: this.logger,
  });

  /** Adds to a minute, given from START. */
  add(minute: bigint, bytesIn: bigint, { userId = "alice", client = CLIENT } = {}): void {
    this.samples.add(START + minute, { ...client, userId, bytesIn, bytesOut: 2n * bytesIn });
  }

  /** Every hour that is stored, from START. */
  get hours(): string[] {
    const rows = this.db.store.db.all(
      "SELECT * FROM traffic_samples_1h ORDER BY ts_hour, user_id, client_id",
    );
    return rows.map((row) =>
      `${row.user_id} ${row.client_name} ${(Number(row.ts_hour) - Number(START)) / 3_600}h: ` +
      `${row.bytes_in}/${row.bytes_out}`
    );
  }

  get ticks() {
    return this.logger.of("traffic_rollup.tick").map(({ fields }) => fields);
  }

  override [Symbol.dispose](): void {
    this.rollUp[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

Deno.test("TrafficRollUp sums the minutes of each hour that is over, one minute after", () => {
  using it = new Fixture();
  it.add(0n, 1n);
  it.add(HOUR - 60n, 10n);
  it.add(60n, 5n, { userId: "bob" });
  it.add(60n, 7n, { client: CLIENT_2 });
  it.add(HOUR, 100n);
  it.clock.advance(HOUR_MS + MINUTE_MS - 1);
  // The clock starts at a full hour, so that there was one run for the hour before it.
  assert.deepEqual(it.hours, []);
  it.clock.advance(1);
  assert.deepEqual(it.hours, [
    "alice edge-01 0h: 11/22",
    "alice edge-02 0h: 7/14",
    "bob edge-01 0h: 5/10",
  ]);
  assert.equal(it.samples.lastRolledUpHour(), START);
  it.clock.advance(HOUR_MS);
  assert.deepEqual(it.hours.slice(3), ["alice edge-01 1h: 100/200"]);
  assert.deepEqual(it.ticks, [
    { rolled_up: 0, deleted_1m: 0, deleted_1h: 0 },
    { rolled_up: 1, deleted_1m: 0, deleted_1h: 0 },
    { rolled_up: 1, deleted_1m: 0, deleted_1h: 0 },
  ]);
});

Deno.test("TrafficRollUp catches up with the hours that it missed", () => {
  using it = new Fixture();
  it.clock.advance(HOUR_MS);
  it.rollUp[Symbol.dispose]();
  for (const hour of [1n, 2n, 40n, 72n]) it.add(hour * HOUR, hour);
  it.clock.advance(71 * HOUR_MS);
  using _again = new TrafficRollUp({ samples: it.samples, clock: it.clock, logger: it.logger });
  it.clock.advance(HOUR_MS);
  assert.deepEqual(it.hours, [
    "alice edge-01 1h: 1/2",
    "alice edge-01 2h: 2/4",
    "alice edge-01 40h: 40/80",
  ]);
  assert.equal(it.samples.lastRolledUpHour(), START + 71n * HOUR);
});

Deno.test("TrafficRollUp rolls up what was counted before its first run", () => {
  using it = new Fixture();
  it.add(-5n * HOUR, 3n);
  it.clock.advance(MINUTE_MS);
  assert.deepEqual(it.hours, ["alice edge-01 -5h: 3/6"]);
});

Deno.test("TrafficRollUp does an hour again as a whole", () => {
  using it = new Fixture();
  it.add(0n, 3n);
  it.samples.rollUp(START);
  it.add(60n, 4n);
  it.samples.rollUp(START);
  assert.deepEqual(it.hours, ["alice edge-01 0h: 7/14"]);
});

Deno.test("TrafficRollUp deletes what is older than it is kept, piece by piece", () => {
  using it = new Fixture();
  const count = 2 * TRAFFIC.deleteBatchMax + 5;
  const keptFrom = 60n - 7n * DAY; // at the time of the first run
  for (let n = 1; n <= count; n++) it.add(keptFrom - 60n * BigInt(n), 1n);
  it.add(keptFrom, 1n);
  it.db.store.db.run(
    `INSERT INTO traffic_samples_1h (user_id, client_id, client_name, ts_hour, bytes_in, bytes_out)
     VALUES ('alice', 'old', 'edge', ?, 1, 1)`,
    START + 60n - 90n * DAY - 1n,
  );
  it.clock.advance(MINUTE_MS);
  assert.deepEqual(it.minutes.length, 1);
  const [tick] = it.ticks;
  assert.deepEqual([tick?.["deleted_1m"], tick?.["deleted_1h"]], [count, 1]);
  assert.ok(it.hours.length > 30, "what was deleted by the minute is there by the hour");
});

Deno.test("TrafficRollUp deletes nothing when it cannot roll up, and tries again", () => {
  using it = new Fixture();
  it.add(-8n * DAY, 1n);
  it.db.sabotage("traffic_samples_1h");
  it.clock.advance(MINUTE_MS);
  assert.equal(it.minutes.length, 1);
  const [failure] = it.logger.of("traffic_rollup.tick_failed");
  assert.equal(failure?.level, "error");
  assert.equal(it.samples.lastRolledUpHour(), 0n);
  it.db.repair();
  it.clock.advance(HOUR_MS);
  assert.deepEqual([it.minutes, it.hours], [[], ["alice edge-01 -192h: 1/2"]]);
});

Deno.test("TrafficRollUp ends when it is disposed of, in the middle of its work too", () => {
  using it = new Fixture();
  for (let hour = 1n; hour < 5n; hour++) it.add(-hour * HOUR, 1n);
  const { clock } = it;
  // Set later than the task's own timer of that time, and so fired between its first two pieces.
  using _end = clock.timer(MINUTE_MS, () => it.rollUp[Symbol.dispose]());
  const tasks = clock.pending;
  clock.advance(MINUTE_MS);
  assert.equal(it.hours.length, 1);
  assert.equal(clock.pending, tasks - 2);
});

Deno.test("a sum beyond 64 bits is the largest there is", () => {
  using it = new Fixture();
  const half = COUNT_MAX / 2n;
  it.add(0n, half);
  it.add(60n, half);
  it.samples.rollUp(START);
  assert.deepEqual(it.hours, [`alice edge-01 0h: ${COUNT_MAX - 1n}/${COUNT_MAX}`]);
});

Deno.test("TrafficRollUp goes on where the clock was put back", () => {
  using it = new Fixture();
  it.add(0n, 1n);
  // The clock runs ahead for a while, and what is over then is summed up.
  it.clock.jump(40 * 24 * HOUR_MS);
  it.clock.advance(HOUR_MS + MINUTE_MS);
  assert.deepEqual(it.hours, ["alice edge-01 0h: 1/2"]);
  it.clock.jump(-40 * 24 * HOUR_MS);
  it.add(HOUR + 60n, 10n);
  it.clock.advance(HOUR_MS);
  it.add(2n * HOUR, 100n);
  it.clock.advance(HOUR_MS);
  assert.deepEqual(it.hours, [
    "alice edge-01 0h: 1/2",
    "alice edge-01 1h: 10/20",
    "alice edge-01 2h: 100/200",
  ]);
});
