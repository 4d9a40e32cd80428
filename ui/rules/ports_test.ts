import assert from "node:assert/strict";
import fc from "fast-check";
import type { Rule } from "../api/types.ts";
import { conflictOf, listenOf, nextFree } from "./ports.ts";
import { sampleRule } from "./sample_rule.ts";

const at = (id: number, start: number, end = start, more: Partial<Rule> = {}): Rule =>
  sampleRule({
    id,
    listen_port: start,
    ...(end === start ? {} : { listen_port_end: end }),
    ...more,
  });
const wanted = (start: number, end = start, sniPattern: string | null = null) => ({
  protocol: "tcp" as const,
  listen: { start, end },
  sniPattern,
});

Deno.test("conflictOf() names the rule in the way", () => {
  const rules = [at(1, 80), at(2, 8000, 8010), at(3, 53, 53, { protocol: "udp" })];
  assert.equal(conflictOf(wanted(8005), rules)?.rule.id, 2);
  assert.equal(conflictOf(wanted(79, 81), rules)?.code, "port_in_use");
  assert.equal(conflictOf(wanted(53), rules), null, "TCP and UDP never meet");
  assert.equal(conflictOf(wanted(8011), rules), null);
});

Deno.test("conflictOf() lets names share a port, and names the fallback that is there", () => {
  const named = at(1, 443, 443, { sni_pattern: "a.example" });
  const fallback = at(2, 443);
  assert.equal(conflictOf(wanted(443, 443, "b.example"), [named]), null);
  assert.equal(conflictOf(wanted(443), [named]), null);
  assert.deepEqual(conflictOf(wanted(443), [named, fallback]), {
    code: "conflict.sni_fallback_duplicate",
    rule: fallback,
  });
  assert.equal(conflictOf(wanted(443, 443, "a.example"), [named])?.rule.id, 1);
});

Deno.test("nextFree() skips what is taken, and begins again at the top of the range", () => {
  const rules = [at(1, 8000, 8010), at(2, 8012), at(3, 8011, 8011, { protocol: "udp" })];
  assert.equal(nextFree({ start: 8000, end: 8000 }, rules, "tcp"), 8011);
  assert.equal(nextFree({ start: 8000, end: 8001 }, rules, "tcp"), 8013);
  assert.equal(nextFree({ start: 65_535, end: 65_535 }, [at(1, 65_535)], "tcp"), 1024);
  assert.equal(nextFree({ start: 1, end: 1 }, [at(1, 1, 65_535)], "tcp"), null);
});

Deno.test("nextFree() never gives a place that conflicts", () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  const width = fc.integer({ min: 0, max: 40 });
  fc.assert(fc.property(fc.array(fc.tuple(port, width)), port, width, (ranges, from, more) => {
    const rules = ranges.map(([start, n], i) => at(i, start, Math.min(65_535, start + n)));
    const start = nextFree({ start: from, end: from + more }, rules, "tcp");
    if (start === null) return;
    assert.equal(conflictOf(wanted(start, start + more), rules), null);
    assert.ok(start + more <= 65_535);
    for (const rule of rules) assert.ok(listenOf(rule).start !== start);
  }));
});
