import assert from "node:assert/strict";
import fc from "fast-check";
import { repeatedKeys } from "./json_keys.ts";

Deno.test("repeatedKeys() finds keys that an object has twice, by path", () => {
  const cases: readonly [text: string, paths: (string | number)[][]][] = [
    ['{"a":1,"b":2}', []],
    ['{"a":1,"a":2}', [["a"]]],
    ['{"a":1,"\\u0061":2,"a":3}', [["a"], ["a"]]],
    ['{"a":{"b":1},"c":{"b":1}}', []],
    ['[{"a":1},{"a":1,"b":[0,{"x":1,"x":1}]}]', [[1, "b", 1, "x"]]],
    ['{"a":"b","b":"a"}', []],
    ['{"a":"\\"a\\":{,","b":["a","a"]}', []],
    ['{"a":[],"b":{},"a":null}', [["a"]]],
    ["3", []],
    [`{"a":"${"x".repeat(2 ** 21)}","a":"${'\\"'.repeat(2 ** 20)}"}`, [["a"]]],
  ];
  for (const [text, paths] of cases) assert.deepEqual(repeatedKeys(text), paths, text);
});

Deno.test("repeatedKeys() agrees with how many keys JSON.parse() lost", () => {
  const key = fc.constantFrom("a", "b", "\\", '"', "{", "é,", "");
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.json(),
      fc.array(tie("value"), { maxLength: 4 }).map((items) => `[${items.join(" , ")}]`),
      fc.array(fc.tuple(key, tie("value")), { maxLength: 5 }).map((entries) =>
        `{ ${entries.map(([name, text]) => `${JSON.stringify(name)} : ${text}`).join(",")} }`
      ),
    ),
  }));
  fc.assert(fc.property(value, (text) => {
    // A repeated key's earlier value is lost with all that is in it: count what is there instead.
    const isLossless = countKeys(JSON.parse(text)) === [...text.matchAll(/"(?:[^"\\]|\\.)*"\s*:/g)]
      .length;
    assert.equal(repeatedKeys(text).length === 0, isLossless);
  }));
});

function countKeys(json: unknown): number {
  if (json === null || typeof json !== "object") return 0;
  const values = Object.values(json);
  const own = Array.isArray(json) ? 0 : values.length;
  return own + values.reduce((sum: number, item) => sum + countKeys(item), 0);
}
