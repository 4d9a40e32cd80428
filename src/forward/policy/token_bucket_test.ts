import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { TokenBucket } from "./token_bucket.ts";
import { LocalCell } from "./meter.ts";

Deno.test("TokenBucket grants a burst at once, then the rate", () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, { rate: 100, burst: 10 }, new LocalCell());
  assert.equal(bucket.acquire(10), 0);
  assert.equal(bucket.acquire(0), 0);
  assert.equal(bucket.acquire(1), 10_000);
  clock.advance(9);
  assert.equal(bucket.acquire(1), 1_000);
  clock.advance(1);
  assert.equal(bucket.acquire(1), 0);
  clock.advance(60_000);
  assert.equal(bucket.acquire(11), 0, "more than fits, of a full bucket");
  assert.equal(bucket.acquire(1), 20_000, "which owes the rest");
});

Deno.test("TokenBucket keeps the rate however often it is asked", () => {
  for (const stepMs of [0.013, 0.5, 1, 17]) {
    const clock = new FakeClock();
    const bucket = new TokenBucket(clock, { rate: 1_000, burst: 50 }, new LocalCell());
    bucket.acquire(50);
    let taken = 0;
    for (let i = 0; i < 2_000; i++) {
      clock.advance(stepMs);
      while (bucket.acquire(7) === 0) taken += 7;
    }
    const allowed = 2_000 * stepMs;
    assert.ok(taken <= allowed && taken > allowed - 8, `${taken} of ${allowed}`);
  }
});

Deno.test("TokenBucket lets what is larger than itself pass at its rate", () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, { rate: 1_000, burst: 100 }, new LocalCell());
  let passed = 0;
  for (let ms = 0; ms < 100_000; ms += 10) {
    if (bucket.acquire(1_500) === 0) passed += 1_500;
    clock.advance(10);
  }
  assert.ok(Math.abs(passed - 100_000) <= 1_500, `${passed}`);
});

Deno.test("TokenBucket mints nothing when it is made larger, and strands nothing", () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, { rate: 10, burst: 10 }, new LocalCell());
  bucket.acquire(8);
  bucket.resize({ rate: 1_000, burst: 1_000 });
  assert.equal(bucket.acquire(3), 1_000, "2 of 3 are there");
  bucket.resize({ rate: 1_000, burst: 1 });
  assert.equal(bucket.acquire(1), 0);
  assert.equal(bucket.acquire(1), 1_000);
});
