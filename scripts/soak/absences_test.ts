import assert from "node:assert/strict";
import { Absences } from "./absences.ts";

Deno.test("Absences tell whether something was away in a span of time", () => {
  const absences = new Absences();
  assert.equal(absences.overlap(0, 1_000), false);
  absences.leave(10);
  absences.leave(12);
  assert.equal(absences.isAway, true);
  assert.equal(absences.overlap(0, 9), false);
  assert.equal(absences.overlap(50, 60), true);
  absences.back(20);
  absences.back(30);
  assert.equal(absences.isAway, false);
  assert.deepEqual(
    [[5, 10], [15, 16], [20, 25], [21, 25]].map(([from = 0, to = 0]) => absences.overlap(from, to)),
    [true, true, true, false],
  );
  absences.leave(40);
  assert.equal(absences.overlap(21, 39), false);
  assert.equal(absences.overlap(21, 40), true);
});
