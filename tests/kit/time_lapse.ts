/**
 * For `deno run --preload`: timers and the monotonic clock run as many times faster as the address
 * of this module says (`time_lapse.ts?speed=8`), so that what is noticed after half a minute is
 * noticed in seconds. The network, and the wall clock, stay as they are.
 *
 * @module
 */

const speed = Number(new URL(import.meta.url).searchParams.get("speed") ?? "1");
const realNow = performance.now.bind(performance);
const realTimeout = globalThis.setTimeout;

performance.now = () => realNow() * speed;
globalThis.setTimeout = Object.assign(
  (handler: () => void, ms?: number) => realTimeout(handler, (ms ?? 0) / speed),
  realTimeout,
);
