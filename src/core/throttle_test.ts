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
