import assert from "node:assert/strict";
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
