import assert from "node:assert/strict";
import { Quota } from "./quota.ts";
import { LocalMeter } from "./meter.ts";

Deno.test("Quota has no limit until it is set, and none after it is lifted", () => {
  const quota = new Quota(new LocalMeter());
  assert.ok(quota.consume(1e15));
  quota.set({ remainingBytes: 1n, exhausted: true });
  assert.ok(quota.isExhausted && !quota.consume(1));
  quota.set(null);
  assert.ok(!quota.isExhausted && quota.consume(1e15));
});

Deno.test("Quota is exhausted with its last byte, and covers nothing beyond", () => {
  const quota = new Quota(new LocalMeter());
  quota.set({ remainingBytes: 10n, exhausted: false });
  assert.ok(quota.consume(6));
  assert.equal(quota.isExhausted, false);
  assert.equal(quota.consume(5), false, "one byte too many");
  assert.equal(quota.isExhausted, true, "but what was left is spent");
  quota.set({ remainingBytes: 5n, exhausted: false });
  assert.ok(quota.consume(5));
  assert.equal(quota.isExhausted, true);
});

Deno.test("Quota is exhausted when it is set so, or to nothing", () => {
  for (const [remainingBytes, exhausted] of [[0n, false], [5n, true], [-3n, false]] as const) {
    const quota = new Quota(new LocalMeter());
    quota.set({ remainingBytes, exhausted });
    assert.ok(quota.isExhausted);
  }
});

Deno.test("Quota says what is left now", () => {
  const quota = new Quota(new LocalMeter());
  assert.equal(quota.state, null);
  quota.set({ remainingBytes: 10n, exhausted: false });
  quota.consume(4);
  assert.deepEqual(quota.state, { remainingBytes: 6n, exhausted: false });
  quota.consume(9);
  assert.deepEqual(quota.state, { remainingBytes: 0n, exhausted: true });
  quota.set(null);
  assert.equal(quota.state, null);
});
