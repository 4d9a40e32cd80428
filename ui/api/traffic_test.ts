import assert from "node:assert/strict";
import { ratesIn, windowOf } from "./traffic.ts";

Deno.test("windowOf() is the same for a whole bucket, and the next one slides on", () => {
  const minute = 60_000;
  const first = windowOf("1h", 100 * minute);
  assert.deepEqual(windowOf("1h", 101 * minute - 1), first);
  assert.deepEqual(first, { from: 41 * 60, to: 101 * 60, bucket: "1m", bucketSecs: 60 });
  assert.equal(windowOf("1h", 101 * minute).from, first.from + 60);
  assert.equal(windowOf("7d", 0).bucket, "1h", "minutes are not kept for a whole week");
});

Deno.test("ratesIn() divides by the bucket's length, and fills gaps", () => {
  const window = { from: 0, to: 240, bucket: "1m", bucketSecs: 60 } as const;
  assert.deepEqual(ratesIn(window, [{ ts: 60, bytes_in: 600, bytes_out: 60 }]), {
    times: [0, 60, 120],
    in: [0, 10, 0],
    out: [0, 1, 0],
  });
});
