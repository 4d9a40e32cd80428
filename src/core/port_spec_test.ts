import assert from "node:assert/strict";
import fc from "fast-check";
import { PortunusError } from "./errors.ts";
import { parsePortNumber, parsePortSpec, splitHostPort, splitTargetSpec } from "./port_spec.ts";

Deno.test("parsePortNumber() reads 0 to 65535 with sign and leading zeros", () => {
  const cases: [text: string, port: number | null][] = [
    ["0", 0],
    ["65535", 65_535],
    ["+80", 80],
    ["00080", 80],
    ["65536", null],
    ["-1", null],
    ["", null],
    ["+", null],
    ["80 ", null],
    ["8e1", null],
    ["0x50", null],
    ["٨", null],
  ];
  for (const [text, port] of cases) assert.equal(parsePortNumber(text), port, text);
});

Deno.test("parsePortSpec() reads a port or a range", () => {
  assert.deepEqual(parsePortSpec("8080"), { start: 8080, end: 8080 });
  assert.deepEqual(parsePortSpec("1-65535"), { start: 1, end: 65_535 });
  assert.deepEqual(parsePortSpec("+080-0081"), { start: 80, end: 81 });
  assert.deepEqual(parsePortSpec("9-9"), { start: 9, end: 9 });
});

Deno.test("parsePortSpec() words swapped ends apart from everything else", () => {
  assert.throws(() => parsePortSpec("20-10"), {
    message: "range_invalid: range_inverted: start=20 > end=10",
  });
  assert.throws(() => parsePortSpec("20-0"), {
    message: "range_invalid: range_inverted: start=20 > end=0",
  });
  const invalid = [
    "",
    "0",
    "0-5",
    "0-0",
    "-5",
    "5-",
    "5--6",
    "5-6-7",
    "65536",
    "1-65536",
    "a",
    "1 - 2",
  ];
  for (const spec of invalid) {
    assert.throws(() => parsePortSpec(spec), {
      code: "invalid_target",
      message: `invalid_target: ${spec}`,
    });
  }
});

Deno.test("splitHostPort() splits at the last colon", () => {
  assert.deepEqual(splitHostPort("[::1]:80"), { host: "[::1]", port: "80" });
  assert.deepEqual(splitHostPort("a:"), { host: "a", port: "" });
  for (const text of ["", "a", ":80"]) assert.equal(splitHostPort(text), null);
});

Deno.test("splitTargetSpec() reads host and ports, and leaves the host alone", () => {
  assert.deepEqual(splitTargetSpec("Db_1:80-81"), { host: "Db_1", ports: { start: 80, end: 81 } });
  for (const spec of ["host", ":80", ""]) {
    assert.throws(() => splitTargetSpec(spec), { message: `invalid_target: ${spec}` });
  }
  assert.throws(() => splitTargetSpec("host:http"), { message: "invalid_target: http" });
  assert.throws(() => splitTargetSpec("host:2-1"), { code: "range_invalid" });
});

Deno.test("parsePortSpec() and splitTargetSpec() throw only catalogued errors for any text", () => {
  const texts = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[a:0-9+-]{0,12}$/));
  for (const parse of [parsePortSpec, splitTargetSpec]) {
    fc.assert(fc.property(texts, (text) => {
      try {
        parse(text);
      } catch (error) {
        assert.ok(error instanceof PortunusError);
        assert.match(error.code, /^(range_invalid|invalid_target)$/);
      }
    }));
  }
});
