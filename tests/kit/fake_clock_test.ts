import assert from "node:assert/strict";
import { sleep } from "../../src/core/clock.ts";
import { FakeClock } from "./fake_clock.ts";

Deno.test("FakeClock advance() fires due timers at their own times, ties in the order set", () => {
  const clock = new FakeClock(1_000);
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name}@${clock.monotonic()}`);
  clock.timer(20, note("late"));
  clock.timer(10, note("first"));
  clock.timer(10, note("second"));
  clock.timer(21, note("beyond"));

  clock.advance(20);

  assert.deepEqual(fired, ["first@10", "second@10", "late@20"]);
  assert.equal(clock.now(), 1_020);
  assert.equal(clock.pending, 1);
});

Deno.test("FakeClock advance() fires timers that are set on the way", () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  const again = () => {
    fired.push(clock.monotonic());
    clock.timer(10, again);
  };
  clock.timer(10, again);

  clock.advance(35);

  assert.deepEqual(fired, [10, 20, 30]);
  assert.equal(clock.pending, 1);
});

Deno.test("FakeClock timer() does not fire once disposed", () => {
  const clock = new FakeClock();
  let fired = 0;
  const timer = clock.timer(5, () => fired++);
  timer[Symbol.dispose]();

  clock.advance(10);

  assert.equal(fired, 0);
  assert.equal(clock.pending, 0);
});

Deno.test("FakeClock drives sleep()", async () => {
  const clock = new FakeClock();
  const slept = sleep(clock, 3_000);
  clock.advance(3_000);
  await slept;
});

Deno.test("FakeClock armed() waits for a timer to be set", async () => {
  const clock = new FakeClock();
  let isArmed = false;
  const armed = clock.armed().then(() => isArmed = true);
  await Promise.resolve();
  assert.equal(isArmed, false);
  clock.timer(5, () => {});
  await armed;
  await clock.armed();
});

Deno.test("FakeClock jump() moves the wall clock and no timer", () => {
  const clock = new FakeClock(1_000);
  let fired = 0;
  clock.timer(10, () => fired++);
  clock.jump(-500);
  assert.deepEqual([clock.now(), clock.monotonic(), fired], [500, 0, 0]);
  clock.advance(10);
  assert.deepEqual([clock.now(), clock.monotonic(), fired], [510, 10, 1]);
});
