import assert from "node:assert/strict";
import { FORWARD } from "../../core/limits.ts";
import { BufferPool, CopyBuffer } from "./copy_buffer.ts";

const { copyBufferBytes: large, idleBufferBytes: small } = FORWARD;

Deno.test("BufferPool borrow() lends so many and no more", () => {
  const pool = new BufferPool(2);
  const [a, b] = [pool.borrow(), pool.borrow()];
  assert.equal(a?.length, large);
  assert.notEqual(a, b);
  assert.equal(pool.borrow(), null);

  pool.giveBack(b ?? assert.fail());

  assert.equal(pool.borrow(), b);
  assert.equal(pool.lent, 2);
});

Deno.test("CopyBuffer starts small, grows when it was filled, and shrinks when little came", () => {
  const pool = new BufferPool();
  using buffer = new CopyBuffer(pool);
  assert.equal(buffer.bytes.length, small);
  buffer.adapt(small - 1);
  assert.equal(buffer.bytes.length, small);
  buffer.adapt(small);
  assert.equal(buffer.bytes.length, large);
  buffer.adapt(small + 1);
  assert.equal(buffer.bytes.length, large);
  buffer.adapt(small);
  assert.equal(buffer.bytes.length, small);
  assert.equal(pool.lent, 0);
});

Deno.test("CopyBuffer gives a large buffer back after any short read when they are scarce", () => {
  const pool = new BufferPool(1);
  using buffer = new CopyBuffer(pool);
  buffer.adapt(small);
  buffer.adapt(large);
  assert.equal(buffer.bytes.length, large);
  buffer.adapt(large - 1);
  assert.equal(buffer.bytes.length, small);
});

Deno.test("CopyBuffer stays small while all large ones are out", () => {
  const pool = new BufferPool(1);
  using first = new CopyBuffer(pool);
  using second = new CopyBuffer(pool);
  first.adapt(small);
  second.adapt(small);
  assert.equal(second.bytes.length, small);
  first.adapt(1);
  second.adapt(small);
  assert.equal(second.bytes.length, large);
});

Deno.test("CopyBuffer gives its large buffer back when disposed of", () => {
  const pool = new BufferPool();
  {
    using buffer = new CopyBuffer(pool);
    buffer.adapt(small);
    assert.equal(pool.lent, 1);
  }
  assert.equal(pool.lent, 0);
});
