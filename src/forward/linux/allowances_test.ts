import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { Limiter } from "../policy/limiter.ts";
import { Allowances } from "./allowances.ts";
import { MeterTaker } from "./meter_taker.ts";
import { Meters, NO_METER } from "./meters.ts";
import { SessionTable } from "./session_table.ts";
import { SharedMeters } from "./shared_meters.ts";
import { OUTSIDE, WAITING } from "./socket_states.ts";

const FD = 3;

/** A source behind a cap of 1,000 bytes a second. `beforeWait` runs as it is about to wait. */
function cappedSource(beforeWait: () => void) {
  const clock = new FakeClock();
  const meters = new SharedMeters(clock, () => {});
  const meter = meters.create();
  new Limiter(clock, "rule", meter).set({ bandwidthInBps: 1_000n });
  const taker = new class extends MeterTaker {
    override waits(...[slot, direction, change]: Parameters<MeterTaker["waits"]>): void {
      if (change === 1) beforeWait();
      super.waits(slot, direction, change);
    }
  }(new Meters(meters.memory), meters);
  const table = new SessionTable();
  table.grow(FD + 1);
  table.states.set(FD, OUTSIDE);
  table.ruleMeter[FD] = meter.slot;
  table.ownerMeter[FD] = NO_METER;
  return { clock, meters, table, allowances: new Allowances(table, taker) };
}

Deno.test("ask() has a source wait without tokens, until they are refilled", () => {
  const { allowances, table, clock } = cappedSource(() => {});
  assert.equal(allowances.ask(FD, 5_000), 1_000);
  assert.equal(allowances.ask(FD, 5_000), 0);
  assert.ok(table.states.has(FD, WAITING));
  clock.advance(100);
  const retried: number[] = [];
  allowances.refilled((fd) => retried.push(fd));
  assert.deepEqual(retried, [FD]);
  assert.equal(allowances.ask(FD, 5_000), 100);
});

Deno.test("ask() misses no tokens that come in as a source begins to wait", () => {
  const { allowances, table, clock } = cappedSource(() => clock.advance(100));
  assert.equal(allowances.ask(FD, 5_000), 1_000);
  assert.equal(allowances.ask(FD, 5_000), 100);
  assert.ok(!table.states.has(FD, WAITING), "nobody would tell of the tokens");
});
