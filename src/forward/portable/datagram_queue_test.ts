import assert from "node:assert/strict";
import { FORWARD } from "../../core/limits.ts";
import { DatagramQueue } from "./datagram_queue.ts";

const bytes = (length: number) => new Uint8Array(length);

Deno.test("DatagramQueue keeps copies, in order", () => {
  const queue = new DatagramQueue({ bytes: 0 });
  const buffer = new Uint8Array([1]);
  for (const value of [1, 2, 3]) {
    buffer[0] = value;
    assert.ok(queue.push(buffer));
  }
  for (const value of [1, 2, 3]) {
    assert.deepEqual(queue.peek(), new Uint8Array([value]));
    queue.shift();
  }
  assert.equal(queue.peek(), undefined);
});

Deno.test("DatagramQueue has room for so many, and so many bytes", () => {
  const budget = { bytes: 0 };
  const many = new DatagramQueue(budget);
  for (let i = 0; i < FORWARD.udpQueuedMax; i++) assert.ok(many.push(bytes(0)));
  assert.equal(many.push(bytes(0)), false);

  const large = new DatagramQueue(budget);
  assert.ok(large.push(bytes(FORWARD.udpQueuedBytesMax - 1)));
  assert.equal(large.push(bytes(2)), false);
  assert.ok(large.push(bytes(1)));
  large.shift();
  assert.ok(large.push(bytes(1)), "there is room again");
  assert.equal(budget.bytes, 2);
  large.clear();
  assert.equal(budget.bytes, 0);
});

Deno.test("DatagramQueue shares a budget with the other queues of a rule", () => {
  const budget = { bytes: FORWARD.udpQueuedRuleBytesMax - 5 };
  const [one, other] = [new DatagramQueue(budget), new DatagramQueue(budget)];
  assert.ok(one.push(bytes(5)));
  assert.equal(other.push(bytes(1)), false);
  one.clear();
  assert.ok(other.push(bytes(5)));
});
