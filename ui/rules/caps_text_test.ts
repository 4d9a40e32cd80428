import assert from "node:assert/strict";
import { capsText } from "./caps_text.ts";

Deno.test("capsText() is short", () => {
  assert.equal(capsText(undefined), "—");
  assert.equal(capsText({ bandwidth_in_burst: 5 }), "—");
  assert.equal(
    capsText({
      bandwidth_in_bps: 1_572_864,
      bandwidth_out_bps: 20_480,
      new_connections_per_sec: 10,
      concurrent_connections: 5,
    }),
    "↓1.5M · ↑20K · 10/s · ≤5",
  );
});
