import assert from "node:assert/strict";
import { countFailure, type Failures, isLocked } from "./throttle.ts";

const START = Temporal.Instant.from("2026-01-01T00:00:00Z");
const at = (seconds: number) => START.add({ seconds });

/** The record after failures at these seconds. */
const after = (...seconds: readonly number[]) =>
  seconds.reduce<Failures | undefined>((it, time) => countFailure(it, at(time)), undefined);

Deno.test("countFailure() locks for a minute at the fifth failure in a row", () => {
  assert.equal(isLocked(undefined, START), false);
  assert.equal(isLocked(after(0, 1, 2, 3), at(3)), false);
  const locked = after(0, 1, 2, 3, 4);
  assert.deepEqual([`${locked?.firstAt}`, `${locked?.lastAt}`], [`${START}`, `${at(4)}`]);
  assert.equal(isLocked(locked, at(63)), true);
  assert.equal(isLocked(locked, at(64)), false);
});

Deno.test("countFailure() starts anew after a lock and after a quarter of an hour", () => {
  assert.equal(after(0, 1, 2, 3, 4, 64)?.count, 1);
  assert.equal(after(0, 899)?.count, 2);
  assert.equal(after(0, 900)?.count, 1);
  assert.equal(`${after(0, 900)?.firstAt}`, `${at(900)}`);
});

Deno.test("countFailure() locks longer with each failure on top, up to a quarter of an hour", () => {
  const lock = (n: number) => {
    const { lockedUntil } = after(...Array<number>(n).fill(0)) ?? {};
    return lockedUntil?.since(START).total("seconds");
  };
  assert.deepEqual([5, 6, 7, 8, 9, 10, 40].map(lock), [60, 120, 240, 480, 900, 900, 900]);
});

Deno.test("isLocked() lasts a quarter of an hour at the most where a clock was put back", () => {
  const day = 86_400;
  const locked = after(day, day, day, day, day);
  assert.equal(isLocked(locked, at(0)), false, "nobody waits for a day");
  assert.equal(isLocked(locked, at(day - 800)), true, "a small step does not open it");
  const next = countFailure(locked, at(1));
  assert.equal(next.count, 6, "what was counted stays counted");
  assert.deepEqual([isLocked(next, at(120)), isLocked(next, at(121))], [true, false]);
});
