import assert from "node:assert/strict";
import { addSaturating, COUNT_MAX, counterGain, saturated } from "./counters.ts";

Deno.test("counterGain() is the difference, or all of a counter that started over", () => {
  assert.equal(counterGain(0n, 7n), 7n);
  assert.equal(counterGain(7n, 7n), 0n);
  assert.equal(counterGain(7n, 10n), 3n);
  assert.equal(counterGain(7n, 6n), 6n);
  assert.equal(counterGain(7n, 0n), 0n);
  assert.equal(counterGain(2n ** 53n, 2n ** 53n + 1n), 1n);
});

Deno.test("addSaturating() stays within 64 bits", () => {
  assert.equal(addSaturating(2n ** 53n, 1n), 2n ** 53n + 1n);
  assert.equal(addSaturating(COUNT_MAX - 1n, 1n), COUNT_MAX);
  assert.equal(addSaturating(COUNT_MAX, COUNT_MAX), COUNT_MAX);
  assert.equal(saturated(2n ** 64n - 1n), COUNT_MAX);
});
