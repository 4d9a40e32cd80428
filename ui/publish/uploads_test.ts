import assert from "node:assert/strict";
import { totalsOf, type Upload } from "./uploads.ts";

const upload = (state: Upload["state"], size: number, sent = 0): Upload => ({
  path: "a",
  size,
  sent,
  state,
  error: null,
});

Deno.test("totalsOf() counts what was sent, and a failed file as over", () => {
  assert.deepEqual(
    totalsOf([upload("done", 60, 60), upload("sending", 30, 10), upload("failed", 10)]),
    {
      files: 3,
      done: 1,
      failed: 1,
      share: 0.8,
      busy: true,
    },
  );
});

Deno.test("totalsOf() leaves out what was cancelled, and is done with nothing to do", () => {
  const cancelled = totalsOf([upload("done", 5, 5), upload("cancelled", 95)]);
  assert.deepEqual([cancelled.share, cancelled.busy], [1, false]);
  assert.equal(totalsOf([]).share, 1);
});
