import assert from "node:assert/strict";
import { spreadOf } from "./statistics.ts";

Deno.test("spreadOf() tells the median and the ends", () => {
  assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3 });
  assert.deepEqual(spreadOf([7]), { median: 7, min: 7, max: 7 });
  assert.throws(() => spreadOf([]), RangeError);
});
