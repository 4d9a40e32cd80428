import type { Clock } from "../core/clock.ts";

/** The machine's clock. Its timers keep the process alive, as any pending work does. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, fn) {
    const id = setTimeout(fn, ms);
    return { [Symbol.dispose]: () => clearTimeout(id) };
  },
};
