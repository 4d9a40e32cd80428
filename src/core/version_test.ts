import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { atLeast, parseMajorMinor, VERSION } from "./version.ts";

Deno.test("VERSION is the release in deno.json and passes every gate", () => {
  assert.equal(VERSION, config.version);
  assert.equal(atLeast(VERSION, { major: 1, minor: 4 }), true);
});

Deno.test("parseMajorMinor() cuts at - and +, and counts what is no number as 0", () => {
  const cases: [version: string, major: number, minor: number][] = [
    ["3.1.0", 3, 1],
    ["0.10.2-rc.1+build.5", 0, 10],
    ["1.4+x.y", 1, 4],
    ["2", 2, 0],
    ["v3.1", 0, 1],
    ["1.x", 1, 0],
    ["-1.2", 0, 0],
    ["", 0, 0],
  ];
  for (const [version, major, minor] of cases) {
    assert.deepEqual(parseMajorMinor(version), { major, minor }, version);
  }
});

Deno.test("atLeast() compares numbers, major first", () => {
  const cases: [version: string, least: [number, number], result: boolean][] = [
    ["0.9.9", [0, 10], false],
    ["0.10.0", [0, 10], true],
    ["0.11.0", [0, 10], true],
    ["1.0.0", [0, 10], true],
    ["0.99.0", [1, 0], false],
    ["1.3.9", [1, 4], false],
    ["1.4.0-rc.1", [1, 4], true],
    ["2.0.0", [1, 4], true],
    ["unknown", [0, 1], false],
  ];
  for (const [version, [major, minor], result] of cases) {
    assert.equal(atLeast(version, { major, minor }), result, version);
  }
});
