import assert from "node:assert/strict";
import { KeyedMutex } from "./keyed_mutex.ts";

Deno.test("withLock() lets one in at a time for a key, in the order of the calls", async () => {
  const mutex = new KeyedMutex();
  const gates = ["a", "b", "c"].map((name) => ({ name, ...Promise.withResolvers<void>() }));
  const events: string[] = [];
  const runs = gates.map(({ name, promise }) =>
    mutex.withLock("site", async () => {
      events.push(`${name} in`);
      await promise;
      events.push(`${name} out`);
      return name;
    })
  );
  // The last gate opens first: order is that of the calls all the same.
  for (const gate of gates.toReversed()) gate.resolve();
  assert.deepEqual(await Promise.all(runs), ["a", "b", "c"]);
  assert.deepEqual(events, ["a in", "a out", "b in", "b out", "c in", "c out"]);
});

Deno.test("withLock() does not make different keys wait for each other", async () => {
  const mutex = new KeyedMutex();
  const gate = Promise.withResolvers<void>();
  const held = mutex.withLock("a", () => gate.promise);
  assert.equal(await mutex.withLock("b", () => "free"), "free");
  gate.resolve();
  await held;
});

Deno.test("withLock() gives the key on when its holder fails", async () => {
  const mutex = new KeyedMutex();
  const failing = mutex.withLock("a", () => Promise.reject(new Error("holder")));
  const throwing = mutex.withLock("a", () => {
    throw new Error("thrower");
  });
  const next = mutex.withLock("a", () => "next");
  await assert.rejects(failing, { message: "holder" });
  await assert.rejects(throwing, { message: "thrower" });
  assert.equal(await next, "next");
});

Deno.test("withLock() loses no update of a read-modify-write that waits in between", async () => {
  const mutex = new KeyedMutex();
  let count = 0;
  await Promise.all(Array.from({ length: 100 }, () =>
    mutex.withLock("count", async () => {
      const before = count;
      await Promise.resolve();
      count = before + 1;
    })));
  assert.equal(count, 100);
});

Deno.test("withLock() keeps nothing of a key that nobody holds", async () => {
  const mutex = new KeyedMutex();
  const runs = ["a", "a", "b"].map((key) => mutex.withLock(key, () => Promise.resolve()));
  assert.equal(mutex.size, 2);
  await Promise.all(runs);
  assert.equal(mutex.size, 0);
});
