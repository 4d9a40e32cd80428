import assert from "node:assert/strict";
import { PortunusError } from "./errors.ts";
import { belowDomain, isReservedBelow, parseFqdn, parseSubdomain } from "./published_host.ts";

const label63 = "a".repeat(63);

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof PortunusError) return error.code;
    throw error;
  }
  return "none";
};

Deno.test("parseSubdomain() returns one label in lower case", () => {
  const cases: [string, string][] = [
    ["app", "app"],
    [" App\n", "app"],
    ["a-1", "a-1"],
    ["xn--bcher-kva", "xn--bcher-kva"],
    ["app.", "app"],
    [label63, label63],
  ];
  for (const [text, label] of cases) assert.equal(parseSubdomain(text), label);
});

Deno.test("parseSubdomain() refuses what is no label, and what is reserved", () => {
  const invalid = ["", " ", ".", "-a", "a-", "a_b", "*", "a.b", "a..", `${label63}a`, "bücher"];
  for (const text of invalid) {
    assert.equal(codeOf(() => parseSubdomain(text)), "host_invalid", text);
  }
  for (const text of ["panel", "WWW", "api", "agent-1", "agent-"]) {
    const expected = text === "agent-" ? "host_invalid" : "host_reserved";
    assert.equal(codeOf(() => parseSubdomain(text)), expected, text);
  }
});

Deno.test("parseFqdn() returns a name in lower case without the root's dot", () => {
  assert.equal(parseFqdn("App.Example.TEST."), "app.example.test");
  assert.equal(parseFqdn("xn--bcher-kva.example"), "xn--bcher-kva.example");
  const name253 = `${label63}.${label63}.${label63}.${"b".repeat(61)}`;
  assert.equal(parseFqdn(name253), name253);
  assert.equal(codeOf(() => parseFqdn(`${name253}c`)), "host_invalid");
});

Deno.test("parseFqdn() refuses what is no name of several labels", () => {
  const invalid = ["app", "*.example.test", "a.*.test", "a..b", ".a.b", "10.0.0.1", "a.b.7"];
  invalid.push(
    "bücher.example",
    "\u212Aelvin.example",
    "a.b:443",
    "a.b/c",
    "a b.c",
    "[::1]",
    "a.b..",
  );
  for (const text of invalid) assert.equal(codeOf(() => parseFqdn(text)), "host_invalid", text);
  assert.throws(() => parseFqdn("bücher.example"), /xn--/);
  assert.throws(() => parseFqdn("*.example.test"), /wildcard/);
});

Deno.test("isReservedBelow() knows reserved labels right below the domain only", () => {
  assert.ok(isReservedBelow("example.test", "www.example.test"));
  assert.ok(isReservedBelow("example.test", "agent-7.example.test"));
  assert.ok(!isReservedBelow("example.test", "www.app.example.test"));
  assert.ok(!isReservedBelow("example.test", "www.other.test"));
  assert.ok(!isReservedBelow("example.test", "example.test"));
});

Deno.test("belowDomain() refuses what is too long together", () => {
  const domain = `${label63}.${label63}.${label63}.test`;
  assert.equal(belowDomain("app", domain), `app.${domain}`);
  assert.equal(codeOf(() => belowDomain(label63, domain)), "host_invalid");
});
