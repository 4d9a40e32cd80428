import assert from "node:assert/strict";
import { growthPerHour, judgeMemory, type Life, type Look } from "./lives.ts";

/** A life that is looked at every ten seconds. */
const life = (secs: number, mibAt: (ageSecs: number) => number, heapMib = 20): Life =>
  Array.from(
    { length: secs / 10 + 1 },
    (_, i) => ({ ageSecs: i * 10, mib: mibAt(i * 10), heapMib }),
  );

const memory = ({ mib }: Look) => mib;

Deno.test("growthPerHour() is the trend of what is left of a warm life", () => {
  const sawtooth = (ageSecs: number) => 100 + (ageSecs % 30) / 2;
  assert.equal(growthPerHour(life(1_200, sawtooth), memory), 0);
  const leak = growthPerHour(life(1_200, (age) => sawtooth(age) + age / 36), memory);
  assert.ok(leak !== null && Math.abs(leak - 100) < 0.01, `${leak}`);
  assert.equal(growthPerHour(life(1_200, (age) => Math.min(age, 120)), memory), 0, "warming up");
  assert.equal(growthPerHour(life(300, (age) => age), memory), null, "too short to tell");
});

Deno.test("judgeMemory() finds a life that grows, and lives that begin with more and more", () => {
  assert.deepEqual(judgeMemory("it", [life(1_200, (age) => 100 + age / 36)]).problems, [
    "the memory of it grows by 100 MiB an hour",
  ]);
  const heap = life(1_200, () => 100).map((look) => ({ ...look, heapMib: look.ageSecs / 180 }));
  assert.deepEqual(judgeMemory("it", [heap]).problems, ["the heap of it grows by 20 MiB an hour"]);
  const heavier = Array.from({ length: 9 }, (_, i) => life(30, () => 100 + 3 * i));
  assert.deepEqual(judgeMemory("it", heavier).problems, [
    "it begins with 18 MiB more than at first",
  ]);
  const steady = Array.from({ length: 9 }, (_, i) => life(30, () => 100 + i % 3));
  assert.deepEqual(judgeMemory("it", [...steady, life(1_200, () => 130)]).problems, []);
  assert.match(judgeMemory("it", steady).summary, /^it: 9 lives; young ones had 101 MiB at first/);
});
