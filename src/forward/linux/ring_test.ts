import assert from "node:assert/strict";
import { RECORD_WORDS, Ring } from "./ring.ts";

Deno.test("push() and shift() keep the order, across many turns of the ring", () => {
  const memory = Ring.allocate();
  const [writer, reader] = [new Ring(memory), new Ring(memory)];
  const record = new Int32Array(RECORD_WORDS);
  for (let i = 0; i < 10_000; i++) {
    assert.ok(writer.push([i, -i]));
    assert.ok(writer.push([i + 1]));
    assert.ok(reader.shift(record));
    assert.deepEqual([...record], [i, -i || 0, ...new Array(RECORD_WORDS - 2).fill(0)]);
    assert.ok(reader.shift(record));
    assert.equal(record[0], i + 1);
  }
  assert.ok(reader.isEmpty);
});

Deno.test("push() refuses a record that a full ring has no room for", () => {
  const ring = new Ring(Ring.allocate());
  let count = 0;
  while (ring.push([count])) count += 1;
  assert.ok(count > 1_000);
  const record = new Int32Array(RECORD_WORDS);
  assert.ok(ring.shift(record));
  assert.equal(record[0], 0);
  assert.ok(ring.push([count]));
  for (let i = 1; i <= count; i++) {
    assert.ok(ring.shift(record));
    assert.equal(record[0], i);
  }
  assert.equal(ring.shift(record), false);
});
