import assert from "node:assert/strict";
import { locateToml, type TomlPath } from "./toml_positions.ts";

const TEXT = `# a comment with [[rule]] and = signs
top = """
[not.a.table]
key = 1"""
[a."b.c"]
'd' = [1, { e = "]", f = [
  2, # three ]
  3 ] }]
[[rule]]
name = "one"
[[rule.targets]]
host = 'x'
[[rule]]
name = "two"
[[rule.targets]]
[[rule.targets]]
host = 'y'
`;

Deno.test("locateToml() finds keys, headers and elements where they were written", () => {
  const locate = locateToml(TEXT);
  const cases: [TomlPath, number, number][] = [
    [["top"], 2, 1],
    [["a", "b.c"], 5, 1],
    [["a", "b.c", "d", 1, "e"], 6, 13],
    [["a", "b.c", "d", 1, "f", 1], 8, 3],
    [["rule", 0, "name"], 10, 1],
    [["rule", 0, "targets", 0, "host"], 12, 1],
    [["rule", 1], 13, 1],
    [["rule", 1, "targets", 1, "host"], 17, 1],
    // What is missing is where it would belong.
    [["rule", 1, "targets", 0, "port"], 15, 1],
    [["stats"], 1, 1],
  ];
  for (const [path, line, column] of cases) {
    assert.deepEqual(locate(path), { line, column }, path.join("."));
  }
});
