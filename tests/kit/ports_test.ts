import assert from "node:assert/strict";
import { freePort, freeRange } from "./ports.ts";

Deno.test("freePort() does not give a port again while the others wait", () => {
  const ports = Array.from({ length: 200 }, freePort);
  assert.equal(new Set(ports).size, ports.length);
});

Deno.test("freeRange() goes past ports that are taken", () => {
  const first = freePort();
  using _taken = Deno.listen({ hostname: "::", port: first + 3 });
  const range = freeRange(8);
  assert.ok(range > first + 3 || range + 8 <= first + 3, `${range} is over ${first + 3}`);
});
