import assert from "node:assert/strict";
import fc from "fast-check";
import { JsonDecimal, parseJson, sortKeys, stringifyJson } from "./json.ts";

Deno.test("parseJson() keeps every integer exact", () => {
  assert.deepEqual(
    parseJson('{"a":9007199254740991,"b":9007199254740992,"c":-9223372036854775808,"d":[1]}'),
    { a: 9007199254740991, b: 9007199254740992n, c: -9223372036854775808n, d: [1] },
  );
});

Deno.test("parseJson() never lets a decimal literal pass for an integer", () => {
  for (const text of ["1.0", "1e3", "-0.0", "1E+2", "1e300"]) {
    const value = parseJson(text);
    assert.ok(value instanceof JsonDecimal, text);
    assert.equal(value.value, Number(text));
    assert.equal(stringifyJson({ value: sortKeys(value) }), `{"value":${Number(text)}}`);
  }
  assert.equal(parseJson("1.5"), 1.5);
});

Deno.test("parseJson() throws a SyntaxError that does not quote the text", () => {
  const invalid = ["", "{", "{} x", "01", "SECRET", '{"password":"SECRET" oops}', '"\\ud800"'];
  invalid.push("[".repeat(200_000) + "]".repeat(200_000));
  for (const text of invalid) {
    assert.throws(() => parseJson(text), (error) => {
      assert.ok(error instanceof SyntaxError);
      assert.ok(!error.message.includes("SECRET"));
      return error.cause === undefined;
    });
  }
});

Deno.test("stringifyJson() writes bigint as a plain integer and indents", () => {
  assert.equal(
    stringifyJson({ a: [2n ** 64n - 1n, -1n], b: undefined }),
    '{"a":[18446744073709551615,-1]}',
  );
  assert.equal(stringifyJson({ a: 1 }, 2), '{\n  "a": 1\n}');
});

Deno.test("parseJson() reads back what stringifyJson() writes", () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string({ unit: "grapheme" }),
      fc.boolean(),
      fc.constant(null),
      fc.maxSafeInteger().map((n) => n === 0 ? 0 : n),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  fc.assert(fc.property(value, (json) => assert.deepEqual(parseJson(stringifyJson(json)), json)));
});

Deno.test("sortKeys() orders the keys of every object and leaves lists alone", () => {
  const value = { b: [{ z: 1, a: 2n }, 0], a: { d: null, c: undefined } };
  assert.equal(stringifyJson(sortKeys(value)), '{"a":{"d":null},"b":[{"a":2,"z":1},0]}');
  assert.equal(sortKeys("x"), "x");
});
