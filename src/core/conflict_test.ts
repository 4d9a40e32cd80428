import assert from "node:assert/strict";
import { findConflict } from "./conflict.ts";
import type { Listening, Sibling } from "./conflict.ts";
import { portRange } from "./ports.ts";
import type { RuleState } from "./rule.ts";

/** `tcp 443`, `udp 80-90`, `tcp 443 a.b` */
function listening(text: string): Listening {
  const [protocol, ports = "", sniPattern = null] = text.split(" ");
  assert.ok(protocol === "tcp" || protocol === "udp");
  const [start = 0, end] = ports.split("-").map(Number);
  return { protocol, listen: portRange(start, end), sniPattern };
}

function sibling(text: string, state: RuleState = { kind: "active" }): Sibling {
  return { ...listening(text), state };
}

function conflict(candidate: string, siblings: Sibling[]): string | null {
  return findConflict({ ...listening(candidate), clientName: "edge" }, siblings)?.message ?? null;
}

const inUse = (port: number) => `port_in_use: port ${port} already in use`;
const legacy = "conflict.legacy_to_sni_unsupported: " +
  "client edge listen_port 443 already has a rule without sni_pattern";
const fallback = "conflict.sni_fallback_duplicate: " +
  "client edge listen_port 443 already has a fallback";
const route = "conflict.sni_route_duplicate: " +
  "client edge listen_port 443 sni_pattern a.b already in use";

Deno.test("findConflict() compares a candidate with each sibling", () => {
  const cases: [existing: string[], candidate: string, message: string | null][] = [
    [[], "tcp 443", null],
    [["tcp 442", "tcp 444"], "tcp 443", null],
    [["udp 443"], "tcp 443", null],
    [["tcp 443"], "udp 443", null],
    [["udp 53"], "udp 53", inUse(53)],
    [["udp 50-60"], "udp 55-70", inUse(55)],
    [["tcp 443"], "tcp 440-450", inUse(443)],
    [["tcp 440-450"], "tcp 443", inUse(443)],
    [["tcp 440-450"], "tcp 443 a.b", inUse(443)],
    [["tcp 443 a.b"], "tcp 440-443", inUse(443)],
    [["tcp 440-442"], "tcp 443-450", null],
    [["tcp 443"], "tcp 443", inUse(443)],
    [["tcp 443"], "tcp 443 a.b", legacy],
    [["tcp 443 a.b"], "tcp 443", null],
    [["tcp 443 a.b", "tcp 443"], "tcp 443", fallback],
    [["tcp 443 a.b"], "tcp 443 a.b", route],
    [["tcp 443 a.b"], "tcp 443 c.d", null],
    [["tcp 443 a.b"], "tcp 443 *.b", null],
    [["tcp 443 a.b", "tcp 443 c.d"], "tcp 443 e.f", null],
  ];
  for (const [existing, candidate, message] of cases) {
    const siblings = existing.map((text) => sibling(text));
    assert.equal(conflict(candidate, siblings), message, `${existing} + ${candidate}`);
  }
});

Deno.test("findConflict() reports the first conflict in the order the siblings were made", () => {
  const cases: [existing: string[], candidate: string, message: string][] = [
    [["tcp 443", "tcp 443 a.b"], "tcp 443", inUse(443)],
    [["tcp 443 a.b", "tcp 443"], "tcp 443 a.b", route],
    [["tcp 443 c.d", "tcp 443"], "tcp 443 a.b", legacy],
    [["tcp 445", "tcp 443"], "tcp 440-450", inUse(445)],
  ];
  for (const [existing, candidate, message] of cases) {
    const siblings = existing.map((text) => sibling(text));
    assert.equal(conflict(candidate, siblings), message, `${existing} + ${candidate}`);
  }
});

Deno.test("findConflict() counts failed rules and neither pending nor removed ones", () => {
  assert.equal(conflict("tcp 1", [sibling("tcp 1", { kind: "failed", reason: "x" })]), inUse(1));
  assert.equal(conflict("tcp 1", [sibling("tcp 1", { kind: "pending" })]), null);
  assert.equal(conflict("tcp 1", [sibling("tcp 1", { kind: "removed" })]), null);
  const pendingFallback = [sibling("tcp 443 a.b"), sibling("tcp 443", { kind: "pending" })];
  assert.equal(conflict("tcp 443", pendingFallback), null);
});
