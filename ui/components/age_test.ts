import assert from "node:assert/strict";
import { formatAge } from "./age.tsx";

Deno.test("formatAge() counts in the largest unit", () => {
  assert.equal(formatAge(0), "0 s");
  assert.equal(formatAge(59_999), "59 s");
  assert.equal(formatAge(60_000), "1 min");
  assert.equal(formatAge(7_200_000), "2 h");
  assert.equal(formatAge(3 * 86_400_000), "3 d");
});
