import assert from "node:assert/strict";
import fc from "fast-check";
import {
  instantFromMillis,
  parseInstant,
  toCliText,
  toJsonText,
  toStoreText,
  unixDay,
} from "./instant.ts";

Deno.test("instants are written with the fewest of 0, 3, 6 or 9 fraction digits", () => {
  const cases: [nanos: bigint, text: string][] = [
    [0n, "1970-01-01T00:00:00"],
    [1_778_148_000_000_000_000n, "2026-05-07T10:00:00"],
    [1_778_148_000_200_000_000n, "2026-05-07T10:00:00.200"],
    [1_778_148_000_000_001_000n, "2026-05-07T10:00:00.000001"],
    [1_778_148_000_123_456_000n, "2026-05-07T10:00:00.123456"],
    [1_778_148_000_123_456_789n, "2026-05-07T10:00:00.123456789"],
    [-1n, "1969-12-31T23:59:59.999999999"],
    [-500_000_000n, "1969-12-31T23:59:59.500"],
  ];
  for (const [nanos, text] of cases) {
    const instant = Temporal.Instant.fromEpochNanoseconds(nanos);
    assert.equal(toStoreText(instant), `${text}+00:00`);
    assert.equal(toJsonText(instant), `${text}Z`);
    assert.equal(toCliText(instant), `${text.replace("T", " ")} UTC`);
  }
});

Deno.test("instantFromMillis() counts from the Unix epoch", () => {
  assert.equal(toJsonText(instantFromMillis(1_778_148_000_123)), "2026-05-07T10:00:00.123Z");
});

Deno.test("parseInstant() reads any offset and both cases", () => {
  const cases: [text: string, json: string][] = [
    ["2026-05-07T10:00:00Z", "2026-05-07T10:00:00Z"],
    ["2026-05-07t10:00:00.5z", "2026-05-07T10:00:00.500Z"],
    ["2026-05-07T10:00:00+00:00", "2026-05-07T10:00:00Z"],
    ["2026-05-07T12:30:00.000000001+02:30", "2026-05-07T10:00:00.000000001Z"],
    ["2026-05-06 22:00:00-12:00", "2026-05-07T10:00:00Z"],
  ];
  for (const [text, json] of cases) assert.equal(toJsonText(parseInstant(text)), json);
});

Deno.test("parseInstant() throws RangeError when the text is not RFC 3339", () => {
  const invalid = ["", "now", "2026-05-07", "2026-05-07T10:00:00", "2026-05-07T10:00Z"];
  invalid.push("20260507T100000Z", "2026-05-07T10:00:00,5Z", "2026-05-07T10:00:00+00");
  invalid.push("2026-05-07T10:00:00Z[UTC]", "2026-02-30T10:00:00Z", "2026-05-07T24:00:00Z");
  invalid.push("2026-05-07T10:00:00.Z", " 2026-05-07T10:00:00Z", "1778148000");
  for (const text of invalid) assert.throws(() => parseInstant(text), RangeError, text);
});

Deno.test("parseInstant() reads back the store's and the JSON form to the nanosecond", () => {
  const nanos = fc.bigInt({ min: 0n, max: 253_402_300_799_999_999_999n });
  fc.assert(fc.property(nanos, (value) => {
    const instant = Temporal.Instant.fromEpochNanoseconds(value);
    for (const text of [toStoreText(instant), toJsonText(instant)]) {
      assert.equal(parseInstant(text).epochNanoseconds, value);
    }
  }));
});

Deno.test("unixDay() changes at midnight in UTC, before 1970 too", () => {
  assert.deepEqual([-1, 0, 86_399_999, 86_400_000].map(unixDay), [-1, 0, 0, 1]);
});
