import assert from "node:assert/strict";
import { BoundedQueue } from "./queue.ts";

Deno.test("BoundedQueue makes producers wait when full and keeps their order", async () => {
  const queue = new BoundedQueue<number>(2);
  const accepted: number[] = [];
  const pushes = [1, 2, 3, 4].map((n) => queue.push(n).then((ok) => ok && accepted.push(n)));
  await Promise.all(pushes.slice(0, 2));
  assert.deepEqual(accepted, [1, 2]);

  const seen: number[] = [];
  for await (const item of queue) {
    seen.push(item);
    if (seen.length === 4) queue.close();
  }
  await Promise.all(pushes);
  assert.deepEqual(seen, [1, 2, 3, 4]);
  assert.deepEqual(accepted, [1, 2, 3, 4]);
});

Deno.test("BoundedQueue close() refuses waiting producers and delivers what was accepted", async () => {
  const queue = new BoundedQueue<string>(1);
  assert.equal(await queue.push("in"), true);
  const waiting = queue.push("late");
  queue.close();
  assert.equal(await waiting, false);
  assert.equal(await queue.push("later"), false);
  assert.deepEqual(await Array.fromAsync(queue), ["in"]);
});

Deno.test("BoundedQueue wakes a consumer that waits when an item comes", async () => {
  const queue = new BoundedQueue<string>(1);
  const first = queue[Symbol.asyncIterator]().next();
  await queue.push("now");
  assert.deepEqual(await first, { value: "now", done: false });
});
