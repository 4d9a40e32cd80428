import assert from "node:assert/strict";
import { safeNext } from "./session.ts";

Deno.test("safeNext() stays on this console", () => {
  assert.equal(safeNext("/rules?owner=a"), "/rules?owner=a");
  for (const next of [undefined, "", "//evil", "/\\evil", "https://evil", "/login", "rules"]) {
    assert.equal(safeNext(next), "/", `${next}`);
  }
});
