import assert from "node:assert/strict";
import fc from "fast-check";
import { PortunusError } from "./errors.ts";
import { matchesSni, parseSniPattern } from "./sni.ts";

const label63 = "a".repeat(63);
const name253 = `${label63}.${label63}.${label63}.${"b".repeat(61)}`;
const wildcard253 = `*.${name253.slice(2)}`;

Deno.test("parseSniPattern() returns the canonical form when the pattern is valid", () => {
  const cases: [text: string, canonical: string][] = [
    ["api.example.com", "api.example.com"],
    ["  API.Example.COM\n", "api.example.com"],
    ["*.Example.com", "*.example.com"],
    ["localhost", "localhost"],
    ["1.2.3.4", "1.2.3.4"],
    [name253, name253],
    [wildcard253, wildcard253],
  ];
  for (const [text, canonical] of cases) assert.equal(parseSniPattern(text), canonical);
});

Deno.test("parseSniPattern() throws when the pattern is malformed", () => {
  const invalid = ["", " ", "*", "*.", "*.com", "*.com.", "example.com.", ".example.com", "a..b"];
  invalid.push("*.*.com", "a.*.com", "*a.example.com", "**.example.com", "-a.b", "a-.b", "a_b.c");
  invalid.push(`${name253}c`, `*.${name253}`, `${label63}a.b`, "b\u00fccher.example", "a b.c");
  invalid.push("\u212Aelvin.example", "a.b:443");
  for (const text of invalid) {
    assert.throws(
      () => parseSniPattern(text),
      { code: "validation.sni_pattern_malformed" },
      JSON.stringify(text),
    );
  }
});

Deno.test("parseSniPattern() throws only its code and is idempotent for any text", () => {
  const labels = fc.array(fc.stringMatching(/^[A-Za-z0-9*_-]{0,3}$/), { maxLength: 4 });
  const texts = fc.oneof(fc.string({ unit: "binary" }), labels.map((parts) => parts.join(".")));
  fc.assert(fc.property(texts, (text) => {
    try {
      const canonical = parseSniPattern(text);
      assert.equal(parseSniPattern(canonical), canonical);
    } catch (error) {
      assert.ok(error instanceof PortunusError);
      assert.equal(error.code, "validation.sni_pattern_malformed");
    }
  }));
});

Deno.test("matchesSni() lets a wildcard stand for exactly one label", () => {
  const cases: [pattern: string, name: string, matches: boolean][] = [
    ["a.b", "a.b", true],
    ["a.b", "A.B", true],
    ["a.b", "x.a.b", false],
    ["*.a.b", "x.a.b", true],
    ["*.a.b", "X.A.B", true],
    ["*.a.b", "a.b", false],
    ["*.a.b", ".a.b", false],
    ["*.a.b", "x.y.a.b", false],
    ["*.a.b", "xa.b", false],
    ["*.k.b", "x.\u212A.b", false],
  ];
  for (const [pattern, name, matches] of cases) {
    assert.equal(matchesSni(pattern, name), matches, `${pattern} ${name}`);
  }
});
