import assert from "node:assert/strict";
import { parseInterval } from "./interval.ts";

Deno.test("parseInterval() reads seconds, and numbers with units", () => {
  const cases: readonly [number | string, number | null][] = [
    [30, 30_000],
    [0, 0],
    [0.25, 250],
    ["45", 45_000],
    ["1.5", 1_500],
    ["250ms", 250],
    ["1m30s", 90_000],
    ["1h 5m", 3_900_000],
    ["1.5m", 90_000],
    ["2d", 172_800_000],
    ["1w", 604_800_000],
    ["0s", 0],
    ["", null],
    [" ", null],
    [-1, null],
    ["-5s", null],
    ["5x", null],
    ["5 minutes", null],
    ["s", null],
    ["1.s", null],
    ["1w1w1w1w1w", null],
    [1e300, null],
    [Infinity, null],
    [NaN, null],
  ];
  for (const [value, expected] of cases) assert.equal(parseInterval(value), expected, `${value}`);
});
