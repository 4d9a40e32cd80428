import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesSni } from "../../core/sni.ts";
import { PEEK_BOUNDS_SECS } from "../counters.ts";
import { PeekHistogram } from "./peek_histogram.ts";
import { RouteTable } from "./route_table.ts";

const table = (...patterns: (string | null)[]) =>
  new RouteTable(patterns.map((pattern) => ({ pattern, value: `${pattern}` })));

Deno.test("RouteTable prefers exact names to wildcards, and these to the fallback", () => {
  const routes = table("a.example.com", "*.example.com", "*.b.example.com", null);
  const cases: [name: string | null, kind: string, value: string][] = [
    ["a.example.com", "exact", "a.example.com"],
    ["b.example.com", "wildcard", "*.example.com"],
    ["x.b.example.com", "wildcard", "*.b.example.com"],
    ["x.y.b.example.com", "fallback", "null"],
    ["example.com", "fallback", "null"],
    [".example.com", "fallback", "null"],
    ["localhost", "fallback", "null"],
    [null, "fallback", "null"],
  ];
  for (const [name, kind, value] of cases) {
    assert.deepEqual(routes.lookup(name), { kind, value }, `${name}`);
  }
  assert.equal(table("a.example.com").lookup("b.example.com"), null);
  assert.equal(table("a.example.com").lookup(null), null);
});

Deno.test("RouteTable refuses two routes that claim the same", () => {
  for (const pattern of ["a.b", "*.a.b", null]) {
    assert.throws(() => table(pattern, pattern), TypeError, `${pattern}`);
  }
});

Deno.test("RouteTable agrees with the matching of one pattern at a time", () => {
  const label = fc.constantFrom("a", "b", "c");
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
  const pattern = fc.tuple(fc.boolean(), name).map(([wild, it]) => wild ? `*.${it}` : it);
  fc.assert(fc.property(fc.uniqueArray(pattern, { maxLength: 8 }), name, (patterns, asked) => {
    const match = table(...patterns).lookup(asked);
    const claims = patterns.filter((it) => matchesSni(it, asked));
    if (match === null) return assert.deepEqual(claims, []);
    assert.ok(claims.includes(match.value));
    assert.equal(match.kind, claims.includes(asked) ? "exact" : "wildcard");
  }));
});

Deno.test("PeekHistogram counts every bound that an observation is within", () => {
  const histogram = new PeekHistogram();
  for (const ms of [0, 0.1, 0.2, 3_000, 3_001]) histogram.observe(ms);
  const { peekBuckets, peekSumMicros, peekCount } = histogram.counters();
  assert.equal(peekBuckets.length, PEEK_BOUNDS_SECS.length);
  assert.deepEqual([peekBuckets[0], peekBuckets[1], peekBuckets.at(-1)], [2n, 3n, 4n]);
  assert.deepEqual([peekSumMicros, peekCount], [6_001_300n, 5n]);
});
