import assert from "node:assert/strict";
import { cpuSeconds, residentMiB, ticksIn } from "./proc.ts";

Deno.test("ticksIn() reads past a name with spaces and brackets", () => {
  assert.equal(ticksIn("7 (a) b) (c) S 1 7 7 0 -1 4194560 100 0 0 0 11 22 33 44 20 0 1 0"), 110);
});

Deno.test("cpuSeconds() and residentMiB() know this process", () => {
  assert.ok(cpuSeconds(Deno.pid) > 0);
  assert.ok(residentMiB(Deno.pid) > 1);
  assert.equal(cpuSeconds(2 ** 22 + 1), 0);
});
