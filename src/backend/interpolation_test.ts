import assert from "node:assert/strict";
import { interpolate } from "./interpolation.ts";

const VARIABLES: Readonly<Record<string, string>> = {
  A: "alpha",
  EMPTY: "",
  NESTED: "${A}",
  QUOTE: 'a"b\nc',
};
const env = (name: string) => VARIABLES[name];

Deno.test("interpolate() replaces every form of reference", () => {
  const cases: readonly [text: string, expected: string, unresolved?: readonly string[]][] = [
    ["", ""],
    ["no reference, $A and {A}", "no reference, $A and {A}"],
    ["${A}", "alpha"],
    ["x${A}y${A}", "xalphayalpha"],
    ["${EMPTY}", "", ["EMPTY"]],
    ["${NONE}/${EMPTY}", "/", ["NONE", "EMPTY"]],
    ["${A:-x}", "alpha"],
    ["${EMPTY:-x}", "x"],
    ["${NONE:-x}", "x"],
    ["${NONE:-}", ""],
    ["${A-x}", "alpha"],
    ["${EMPTY-x}", ""],
    ["${NONE-x}", "x"],
    ["${NONE-a-b:-c}", "a-b:-c"],
    ["${NONE?}|${A?}", "|alpha"],
    ["${NESTED}", "${A}"],
    ["${QUOTE}", 'a"b\nc'],
    ["${}", "${}"],
    ["${A", "${A"],
    ["${a{b}", "${a{b}"],
    ["${x${A}}", "${xalpha}"],
    ["\\${A}", "${A}"],
    ["\\\\${A}", "\\alpha"],
    ["\\\\\\${A}", "\\${A}"],
    ["\\\\\\\\${A}", "\\\\alpha"],
    ["a\\b", "a\\b"],
  ];
  for (const [text, expected, unresolved = []] of cases) {
    assert.deepEqual(interpolate(text, env), { text: expected, unresolved }, text);
  }
});
