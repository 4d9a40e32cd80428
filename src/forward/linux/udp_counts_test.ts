import assert from "node:assert/strict";
import { ASKS_MAX, UdpCounts } from "./udp_counts.ts";

const nothing = () => ({ bytesIn: 0, bytesOut: 0, datagramsIn: 0, datagramsOut: 0 });

Deno.test("UdpCounts reads on one side what the other has counted, beyond 32 bits", () => {
  const memory = UdpCounts.allocate();
  const [worker, main] = [new UdpCounts(memory), new UdpCounts(memory)];
  for (let i = 0; i < 5; i++) {
    worker.sending(7);
    worker.sentIn(7, 2 ** 30, 1_000);
    worker.sending(7);
    worker.sentOut(7, 3, 1);
  }
  const totals = nothing();
  main.read(7, totals);
  assert.deepEqual(totals, {
    bytesIn: 5 * 2 ** 30,
    bytesOut: 15,
    datagramsIn: 5_000,
    datagramsOut: 5,
  });
  assert.equal(main.activity(7), 5_005);
  main.read(8, totals);
  assert.deepEqual(totals, nothing());
  worker.reset(7);
  main.read(7, totals);
  assert.deepEqual(totals, nothing());
});

Deno.test("UdpCounts bounds the questions that wait for an answer", () => {
  const memory = UdpCounts.allocate();
  const [worker, main] = [new UdpCounts(memory), new UdpCounts(memory)];
  for (let i = 0; i < ASKS_MAX; i++) assert.ok(worker.ask());
  assert.ok(!worker.ask());
  main.answer();
  assert.ok(worker.ask());
  assert.ok(!worker.ask());
});

Deno.test("UdpCounts keeps the losses of each listener apart", () => {
  const memory = UdpCounts.allocate();
  const [worker, main] = [new UdpCounts(memory), new UdpCounts(memory)];
  worker.lost(3, "send_dropped", 2);
  worker.lost(3, "send_dropped", 3);
  worker.lost(4, "emsgsize", 1);
  assert.equal(main.losses(3, "send_dropped"), 5);
  assert.equal(main.losses(3, "emsgsize"), 0);
  assert.equal(main.losses(4, "emsgsize"), 1);
});
