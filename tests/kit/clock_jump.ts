/**
 * For `deno run --preload`: a wall clock that is wrong by as many days as the address of this module
 * says, one after another, the next one at each SIGUSR2 (`clock_jump.ts?days=0,400,-400`).
 *
 * @module
 */

const DAY_MS = 86_400_000;
const days = (new URL(import.meta.url).searchParams.get("days") ?? "0").split(",").map(Number);
const realNow = Date.now;
let next = 1;
let offsetMs = (days[0] ?? 0) * DAY_MS;

Date.now = () => realNow() + offsetMs;
globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [Date.now()] : args, newTarget),
});
Deno.addSignalListener("SIGUSR2", () => {
  offsetMs = (days[next++] ?? 0) * DAY_MS;
});
