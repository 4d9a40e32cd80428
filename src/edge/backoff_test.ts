import assert from "node:assert/strict";
import { seeded } from "../../tests/kit/seeded.ts";
import { Backoff } from "./backoff.ts";
import type { Random } from "../system/random.ts";

const filled = (byte: number): Random => ({ bytes: (n) => new Uint8Array(n).fill(byte) });

Deno.test("Backoff doubles its ceiling up to the maximum and starts over after reset()", () => {
  const backoff = new Backoff({ initialMs: 500, maxMs: 3_000, random: filled(0xff) });
  assert.deepEqual([1, 2, 3, 4, 5].map(() => backoff.next()), [500, 1_000, 2_000, 3_000, 3_000]);
  backoff.reset();
  assert.equal(backoff.next(), 500);
});

Deno.test("Backoff draws from zero, never waits less than its draw allows, and stays finite", () => {
  const backoff = new Backoff({ initialMs: 500, maxMs: 30_000, random: filled(0) });
  assert.equal(backoff.next(), 0);
  const zero = new Backoff({ initialMs: 0, maxMs: 0, random: filled(0xff) });
  for (let i = 0; i < 2_000; i++) assert.ok(zero.next() <= 1);
});

/** When `clients` are connected again to a server that was away until `backMs`. */
function returns(clients: number, backMs: number): number[] {
  const draw = seeded(20_261_121);
  const random: Random = { bytes: (n) => Uint8Array.from({ length: n }, () => draw() * 256) };
  return Array.from({ length: clients }, () => {
    const backoff = new Backoff({ initialMs: 500, maxMs: 30_000, random });
    let ms = 0;
    while (ms < backMs) ms += backoff.next();
    return ms - backMs;
  });
}

Deno.test("Backoff brings 200 clients back within 10 s of a restart, and not all at once", () => {
  for (const backMs of [200, 1_000, 2_000]) {
    const times = returns(200, backMs);
    assert.ok(Math.max(...times) < 10_000, `${Math.max(...times)} ms`);
    const perTenth = Map.groupBy(times, (ms) => Math.floor(ms / 100));
    const most = Math.max(...[...perTenth.values()].map(({ length }) => length));
    assert.ok(most <= 60, `${most} in 100 ms, after ${backMs} ms`);
  }
});
