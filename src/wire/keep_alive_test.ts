import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { FrameBoundary, KeepAlive, PING_FRAME } from "./keep_alive.ts";

function watched() {
  const clock = new FakeClock();
  const pings: number[] = [];
  const deaths: number[] = [];
  const keepAlive = new KeepAlive({
    clock,
    ping: () => void pings.push(clock.monotonic()),
    onDead: (ms) => void deaths.push(ms),
  });
  return { clock, pings, deaths, keepAlive };
}

Deno.test("KeepAlive asks a silent peer, and gives it up within 30 s", () => {
  const { clock, pings, deaths } = watched();
  for (let s = 0; s < 30; s++) clock.advance(1_000);
  assert.deepEqual(pings, [10_000, 15_000, 20_000]);
  assert.deepEqual(deaths, [25_000]);
  clock.advance(3_600_000);
  assert.equal(deaths.length, 1);
  assert.equal(clock.pending, 0);
});

Deno.test("KeepAlive leaves alone who answers, and who talks anyway", () => {
  const { clock, pings, deaths, keepAlive } = watched();
  for (let s = 0; s < 600; s++) {
    const before = pings.length;
    clock.advance(1_000);
    if (pings.length > before) keepAlive.heard();
  }
  assert.ok(pings.length >= 40 && pings.length <= 60, `${pings.length}`);
  pings.length = 0;
  for (let s = 0; s < 600; s++) {
    keepAlive.heard();
    clock.advance(1_000);
  }
  assert.deepEqual([pings, deaths], [[], []]);
  keepAlive[Symbol.dispose]();
  assert.equal(clock.pending, 0);
});

Deno.test("FrameBoundary is between frames exactly at their ends, however bytes are cut", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 5 }),
    fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 4 }),
    fc.constantFrom(0, 24),
    (lengths, sizes, preface) => {
      const ends = new Set<number>();
      let total = preface;
      if (preface === 0 || lengths.length > 0) ends.add(total);
      const bytes = [new Uint8Array(preface).fill(0xff)];
      for (const length of lengths) {
        const frame = new Uint8Array(9 + length).fill(0xff);
        frame.set([length >> 16, length >> 8, length]);
        bytes.push(frame);
        total += frame.length;
        ends.add(total);
      }
      ends.add(total);
      const all = new Uint8Array(bytes.flatMap((part) => [...part]));
      const boundary = new FrameBoundary(preface);
      let at = 0;
      for (let i = 0; at < all.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        boundary.feed(all.subarray(at, at + size));
        at = Math.min(at + size, all.length);
        assert.equal(boundary.isBetween, ends.has(at), `at ${at} of ${all.length}`);
      }
    },
  ));
});

Deno.test("PING_FRAME is a frame", () => {
  const boundary = new FrameBoundary(0);
  boundary.feed(PING_FRAME);
  assert.ok(boundary.isBetween);
  assert.equal(PING_FRAME.length, 17);
});
