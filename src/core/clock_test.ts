import assert from "node:assert/strict";
import { type Clock, sleep } from "./clock.ts";

/** A clock that stands still; its timers fire when the test says so. */
function stoppedClock() {
  const timers = new Map<() => void, number>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    timer: (ms, fn) => {
      timers.set(fn, ms);
      return { [Symbol.dispose]: () => void timers.delete(fn) };
    },
  };
  return { clock, timers, fire: () => timers.forEach((_ms, fn) => fn()) };
}

Deno.test("sleep() resolves when its timer fires", async () => {
  const { clock, timers, fire } = stoppedClock();
  const asleep = sleep(clock, 250);
  assert.deepEqual([...timers.values()], [250]);
  fire();
  await asleep;
});

Deno.test("sleep() rejects with the signal's reason and cancels its timer when aborted", async () => {
  const { clock, timers } = stoppedClock();
  const controller = new AbortController();
  const asleep = sleep(clock, 250, controller.signal);
  const reason = new Error("stop");
  controller.abort(reason);
  await assert.rejects(asleep, reason);
  assert.equal(timers.size, 0);
});

Deno.test("sleep() starts no timer when the signal is already aborted", async () => {
  const { clock, timers } = stoppedClock();
  const reason = new Error("stop");
  await assert.rejects(sleep(clock, 250, AbortSignal.abort(reason)), reason);
  assert.equal(timers.size, 0);
});

Deno.test("sleep() no longer listens to the signal once it resolved", async () => {
  const { clock, fire } = stoppedClock();
  const { signal } = new AbortController();
  const listeners = { added: 0, removed: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners.added++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners.removed++;
    removeEventListener.apply(signal, args);
  };
  const asleep = sleep(clock, 250, signal);
  fire();
  await asleep;
  assert.deepEqual(listeners, { added: 1, removed: 1 });
});
