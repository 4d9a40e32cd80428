import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { Limiter } from "../policy/limiter.ts";
import { Quota } from "../policy/quota.ts";
import { MeterTaker } from "./meter_taker.ts";
import { CELL_MAX, Meters, NO_METER } from "./meters.ts";
import { SharedMeters } from "./shared_meters.ts";

/** Both sides of one meter: what a Worker tells arrives at once. */
function bothSides() {
  const clock = new FakeClock();
  let changes = 0;
  const meters = new SharedMeters(clock, () => changes += 1);
  const meter = meters.create();
  const taker = new MeterTaker(new Meters(meters.memory), meters);
  return { clock, meters, meter, taker, changes: () => changes };
}

Deno.test("MeterTaker lets everything pass where nothing is capped or limited", () => {
  const { meter, taker, clock } = bothSides();
  for (const slot of [meter.slot, NO_METER]) {
    assert.equal(taker.isActive(slot), false);
    assert.equal(taker.take(slot, "in", 1e6), 1e6);
    assert.ok(taker.acquire(slot, "out", 1e6) && taker.spend(slot, 1e6));
  }
  assert.equal(clock.pending, 0);
});

Deno.test("a Worker takes a burst, then what the main thread's clock lets in", () => {
  const { meter, taker, clock, changes } = bothSides();
  const limiter = new Limiter(clock, "rule", meter);
  limiter.set({ bandwidthInBps: 1_000n });
  assert.ok(taker.isActive(meter.slot));
  assert.equal(taker.take(meter.slot, "in", 5_000), 1_000);
  assert.equal(taker.take(meter.slot, "in", 5_000), 0);
  assert.equal(taker.take(meter.slot, "out", 5_000), 5_000, "the other direction is not capped");
  taker.waits(meter.slot, "in", 1);
  const before = changes();
  clock.advance(100);
  assert.ok(changes() > before, "who waits is told");
  assert.equal(taker.take(meter.slot, "in", 5_000), 100);
  taker.waits(meter.slot, "in", -1);
  assert.equal(limiter.counters()?.throttleMicrosIn, 100_000n);
  clock.advance(60_000);
  assert.equal(clock.pending, 0, "a full bucket needs no clock");
  assert.equal(taker.take(meter.slot, "in", 5_000), 1_000);
  assert.equal(clock.pending, 1);
});

Deno.test("tokens that did not serve are given back", () => {
  const { meter, taker, clock } = bothSides();
  new Limiter(clock, "rule", meter).set({ bandwidthOutBps: 1_000n });
  taker.giveBack(meter.slot, "out", taker.take(meter.slot, "out", 1_000) - 1);
  assert.equal(taker.take(meter.slot, "out", 5_000), 999);
});

Deno.test("a datagram larger than the bucket passes when it is full, and is owed", () => {
  const { meter, taker, clock } = bothSides();
  new Limiter(clock, "rule", meter).set({ bandwidthInBps: 1_000n, bandwidthInBurst: 100n });
  assert.ok(taker.acquire(meter.slot, "in", 300));
  clock.advance(299);
  assert.equal(taker.acquire(meter.slot, "in", 100), false);
  clock.advance(50);
  assert.ok(taker.acquire(meter.slot, "in", 100));
});

Deno.test("a small bucket is refilled often enough for its rate", () => {
  const { meter, taker, clock } = bothSides();
  new Limiter(clock, "rule", meter).set({ bandwidthInBps: 100_000n, bandwidthInBurst: 1_000n });
  let taken = 0;
  for (let ms = 0; ms < 1_000; ms++) {
    taken += taker.take(meter.slot, "in", 5_000);
    clock.advance(1);
  }
  assert.ok(taken > 95_000 && taken <= 101_000, `${taken}`);
});

Deno.test("a budget larger than a cell is spent to its last byte by both sides", () => {
  const { meter, taker } = bothSides();
  const quota = new Quota(meter);
  let exhaustions = 0;
  quota.onExhausted(() => exhaustions += 1);
  const total = 3 * CELL_MAX + 5;
  quota.set({ remainingBytes: BigInt(total), exhausted: false });
  const step = CELL_MAX / 4;
  let spent = 0;
  for (; taker.budget(meter.slot) >= step && total - spent > step; spent += step) {
    assert.ok(taker.spend(meter.slot, step));
  }
  assert.deepEqual(quota.state, { remainingBytes: BigInt(total - spent), exhausted: false });
  assert.ok(quota.consume(total - spent - 5));
  assert.equal(taker.spend(meter.slot, 6), false, "one byte too many");
  assert.ok(taker.isExhausted(meter.slot) && quota.isExhausted);
  assert.equal(exhaustions, 1);
  assert.deepEqual(quota.state, { remainingBytes: 0n, exhausted: true });
  quota.set(null);
  assert.equal(taker.isActive(meter.slot), false);
});

Deno.test("a slot is used again, and remembers nothing", () => {
  const { meters, meter, taker, clock } = bothSides();
  new Limiter(clock, "rule", meter).set({ bandwidthInBps: 1n });
  const { slot } = meter;
  meter[Symbol.dispose]();
  assert.equal(meters.create().slot, slot);
  assert.equal(taker.isActive(slot), false);
  assert.equal(taker.take(slot, "in", 7), 7);
});
