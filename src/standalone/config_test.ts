import assert from "node:assert/strict";
import fc from "fast-check";
import { stringifyJson } from "../core/json.ts";
import { parseConfig } from "./config.ts";
import { ConfigError } from "../rulefile/problems.ts";

const CASES = new URL("./testdata/config/", import.meta.url);
const RULE = '[[rule]]\nname = "web"\nlisten_port = 8080\ntarget = "a:80"\n';

/** The normalised file, or what is wrong with it. */
function outcome(text: string): string {
  try {
    return `${stringifyJson(parseConfig(text), 2)}\n`;
  } catch (error) {
    if (error instanceof ConfigError) return `${error.describe("portunus.toml")}\n`;
    throw error;
  }
}

for (const { name } of [...Deno.readDirSync(CASES)].filter((it) => it.name.endsWith(".toml"))) {
  Deno.test(`parseConfig() gives what testdata/config says of ${name}`, async () => {
    const expected = new URL(name.replace(/toml$/, "txt"), CASES);
    const text = await Deno.readTextFile(new URL(name, CASES));
    assert.equal(outcome(text), await Deno.readTextFile(expected));
  });
}

Deno.test("parseConfig() takes what the command line says in the file's place", () => {
  const bad = `[stats]\nrefresh_ms = 1\nsocket_path = "/a"\n${RULE}`;
  assert.equal(parseConfig(bad, { noStats: true }).stats.enabled, false);
  assert.throws(() => parseConfig(bad), ConfigError);
  assert.equal(parseConfig(RULE, { socketPath: "/b" }).stats.socketPath, "/b");
});

Deno.test("ConfigError tells values that 3.1.0 noticed only at start from the rest", () => {
  const problemsOf = (text: string) => {
    try {
      parseConfig(text);
    } catch (error) {
      if (error instanceof ConfigError) return error;
    }
    throw new Error("not refused");
  };
  assert.ok(problemsOf(RULE.replace("a:80", "a_b:80")).onlyValues);
  assert.ok(!problemsOf(`${RULE.replace("a:80", "a_b:80")}x = 1`).onlyValues);
});

Deno.test("the annotated example is a valid file", async () => {
  const example = new URL("../../examples/standalone.toml", import.meta.url);
  const { rules } = parseConfig(await Deno.readTextFile(example));
  assert.deepEqual(rules.map(({ name }) => name), ["web", "dns", "passive-ftp", "db", "shop"]);
});

Deno.test("parseConfig() refuses or accepts any text, and never fails otherwise", () => {
  const piece = fc.constantFrom(
    ...['"', "'", "[[", "]]", "[", "]", "{", "}", "=", ",", ".", "#", "\n", "\\", "\r\n", '"""'],
    ...["rule", "name", "targets", "target", "listen_port", "rate_limit", "stats", "global"],
    ...["1", "true", "1.5", "1979-05-27", '"a:80"', RULE],
  );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 30 }),
      (parts) => {
        outcome(parts.join(""));
      },
    ),
    { numRuns: 3_000 },
  );
});
