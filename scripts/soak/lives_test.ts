import assert from "node:assert/strict";
import { growthPerHour, judgeMemory, type Life } from "./lives.ts";

const life = (secs: number, mibAt: (ageSecs: number) => number): Life =>
  Array.from({ length: secs / 10 + 1 }, (_, i) => ({ ageSecs: i * 10, mib: mibAt(i * 10) }));

Deno.test("growthPerHour() is the trend of what is left of a warm life without its garbage", () => {
  const sawtooth = (ageSecs: number) => 100 + (ageSecs % 60) / 2;
  assert.equal(growthPerHour(life(1_200, sawtooth)), 0);
  const leak = growthPerHour(life(1_200, (age) => sawtooth(age) + age / 36));
  assert.ok(leak !== null && Math.abs(leak - 100) < 0.01, `${leak}`);
  assert.equal(growthPerHour(life(1_200, (age) => Math.min(age, 240))), 0, "warming up is free");
  assert.equal(growthPerHour(life(600, (age) => age)), null, "too short to tell");
});

Deno.test("judgeMemory() finds a life that grows, and lives that begin with more and more", () => {
  assert.deepEqual(judgeMemory("it", [life(1_200, (age) => 100 + age / 36)]).problems, [
    "it grows by 100 MiB an hour",
  ]);
  const heavier = Array.from({ length: 9 }, (_, i) => life(30, () => 100 + 3 * i));
  assert.deepEqual(judgeMemory("it", heavier).problems, [
    "it begins with 18 MiB more than at first",
  ]);
  const steady = Array.from({ length: 9 }, (_, i) => life(30, () => 100 + i % 3));
  assert.deepEqual(judgeMemory("it", [...steady, life(1_200, () => 130)]).problems, []);
  assert.match(judgeMemory("it", steady).summary, /^it: 9 lives; young ones had 101 MiB at first/);
});
