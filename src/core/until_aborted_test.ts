import assert from "node:assert/strict";
import { untilAborted } from "./until_aborted.ts";

async function* counting(upTo: number) {
  for (let i = 1; i <= upTo; i++) yield await Promise.resolve(i);
}

Deno.test("untilAborted() passes everything on when the signal stays quiet", async () => {
  assert.deepEqual(await Array.fromAsync(untilAborted(counting(3), new AbortController().signal)), [
    1,
    2,
    3,
  ]);
});

Deno.test("untilAborted() ends while it waits when the signal comes", async () => {
  const controller = new AbortController();
  async function* stuck() {
    yield 1;
    await new Promise(() => undefined);
  }
  const seen: number[] = [];
  for await (const item of untilAborted(stuck(), controller.signal)) {
    seen.push(item);
    queueMicrotask(() => controller.abort());
  }
  assert.deepEqual(seen, [1]);
});

Deno.test("untilAborted() passes errors on and yields nothing after an earlier abort", async () => {
  async function* broken() {
    yield await Promise.reject<number>(new RangeError("no"));
  }
  await assert.rejects(
    Array.fromAsync(untilAborted(broken(), new AbortController().signal)),
    RangeError,
  );
  assert.deepEqual(await Array.fromAsync(untilAborted(counting(3), AbortSignal.abort())), []);
});
