import assert from "node:assert/strict";
import { Listeners } from "./listeners.ts";

Deno.test("Listeners stop at the same time, with the grace of that moment", async () => {
  let graceMs = 1;
  const stopped: number[] = [];
  const { promise: both, resolve } = Promise.withResolvers<void>();
  const stop = (grace: number) => {
    stopped.push(grace);
    // Each waits for the other: one after the other, they would wait for ever.
    if (stopped.length === 2) resolve();
    return both;
  };
  {
    await using listeners = new Listeners(() => graceMs);
    listeners.add({ stop });
    listeners.add({ stop });
    graceMs = 7;
  }
  assert.deepEqual(stopped, [7, 7]);
});
