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

/** A text, and how many of its keys are repetitions. */
interface Sample {
  readonly text: string;
  readonly repetitions: number;
}

const total = (samples: readonly Sample[]) =>
  samples.reduce((sum, { repetitions }) => sum + repetitions, 0);

Deno.test("repeatedKeys() finds every repetition, wherever it is", () => {
  const key = fc.constantFrom("a", "b", "\\", '"', "{", "é,", "");
  const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
    sample: fc.oneof(
      { maxDepth: 4 },
      fc.json().map((text) => ({ text, repetitions: 0 })),
      fc.array(tie("sample"), { maxLength: 4 }).map((items) => ({
        text: `[${items.map(({ text }) => text).join(" , ")}]`,
        repetitions: total(items),
      })),
      fc.array(fc.tuple(key, tie("sample")), { maxLength: 5 }).map((members) => ({
        text: `{ ${
          members.map(([name, { text }]) => `${JSON.stringify(name)} : ${text}`).join(",")
        } }`,
        repetitions: total(members.map(([, it]) => it)) + members.length -
          new Set(members.map(([name]) => name)).size,
      })),
    ),
  }));
  fc.assert(fc.property(sample, ({ text, repetitions }) => {
    assert.equal(repeatedKeys(text).length, repetitions);
  }));
});
