import assert from "node:assert/strict";
import { slope } from "./vitals.ts";

Deno.test("slope() is what the line through the points gains", () => {
  assert.equal(slope([[0, 1], [1, 3], [2, 5]]), 2);
  assert.equal(slope([[0, 4], [5, 4], [9, 4]]), 0);
  assert.ok(Math.abs(slope([[0, 0], [1, 2], [2, 1], [3, 3]]) - 0.8) < 1e-9);
});
