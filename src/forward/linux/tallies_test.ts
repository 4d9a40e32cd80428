import assert from "node:assert/strict";
import { Tallies } from "./tallies.ts";

Deno.test("wrote() counts beyond 32 bits, by session and direction", () => {
  const memory = Tallies.allocate();
  const [worker, main] = [new Tallies(memory), new Tallies(memory)];
  const tally = { bytesIn: 0, bytesOut: 0 };
  const add = (session: number, direction: "in" | "out", bytes: number) => {
    worker.writing(session);
    worker.wrote(session, direction, bytes);
  };
  for (let i = 0; i < 9; i++) add(7, "in", 2 ** 30 + 1);
  add(7, "out", 3);
  add(8, "in", 4);
  main.read(7, tally);
  assert.deepEqual(tally, { bytesIn: 9 * 2 ** 30 + 9, bytesOut: 3 });
  main.read(8, tally);
  assert.deepEqual(tally, { bytesIn: 4, bytesOut: 0 });
  worker.reset(7);
  main.read(7, tally);
  assert.deepEqual(tally, { bytesIn: 0, bytesOut: 0 });
});
