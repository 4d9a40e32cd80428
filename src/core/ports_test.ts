import assert from "node:assert/strict";
import {
  checkRangePair,
  formatRange,
  isPort,
  mapPort,
  portRange,
  rangeLength,
  rangesOverlap,
} from "./ports.ts";

Deno.test("isPort() accepts whole numbers from 1 to 65535", () => {
  for (const port of [1, 80, 65_535]) assert.equal(isPort(port), true);
  for (const port of [0, -1, 65_536, 1.5, NaN, Infinity]) assert.equal(isPort(port), false);
});

Deno.test("portRange() returns the range when it is sound", () => {
  assert.deepEqual(portRange(80), { start: 80, end: 80 });
  assert.deepEqual(portRange(1, 65_535), { start: 1, end: 65_535 });
});

Deno.test("portRange() throws the documented text of the first problem", () => {
  const cases: [start: number, end: number | undefined, message: string][] = [
    [0, undefined, "range_out_of_bounds: port 0 is not a valid listening port"],
    [0, 5, "range_out_of_bounds: port 0 is not a valid listening port"],
    [20, 10, "range_inverted: start=20 > end=10"],
    [20, 0, "range_inverted: start=20 > end=0"],
    [1, 65_536, "range_out_of_bounds: 1-65536 is outside 1-65535"],
    [-1, 5, "range_out_of_bounds: -1-5 is outside 1-65535"],
  ];
  for (const [start, end, message] of cases) {
    assert.throws(() => portRange(start, end), { message: `range_invalid: ${message}` });
  }
});

Deno.test("rangeLength(), formatRange() and mapPort() count from the range's start", () => {
  const listen = portRange(8_000, 8_010);
  assert.equal(rangeLength(listen), 11);
  assert.equal(rangeLength(portRange(5)), 1);
  assert.equal(formatRange(listen), "8000-8010");
  assert.equal(formatRange(portRange(80)), "80");
  assert.equal(mapPort(listen, portRange(9_000, 9_010), 8_003), 9_003);
});

Deno.test("rangesOverlap() is whether a port is in both", () => {
  const range = portRange(10, 20);
  const cases: [start: number, end: number, overlaps: boolean][] = [
    [1, 9, false],
    [1, 10, true],
    [12, 15, true],
    [1, 99, true],
    [20, 30, true],
    [21, 30, false],
  ];
  for (const [start, end, overlaps] of cases) {
    assert.equal(rangesOverlap(range, portRange(start, end)), overlaps);
    assert.equal(rangesOverlap(portRange(start, end), range), overlaps);
  }
});

Deno.test("checkRangePair() compares lengths before it looks at the cap", () => {
  checkRangePair(portRange(1, 4), portRange(11, 14), 4);
  assert.throws(() => checkRangePair(portRange(1, 9), portRange(5), 4), {
    message: "range_invalid: range_length_mismatch: listen_len=9 target_len=1",
  });
  assert.throws(() => checkRangePair(portRange(1, 5), portRange(11, 15), 4), {
    message: "exceeds_cap: requested=5 cap=4",
  });
});
