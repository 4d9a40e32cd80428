import assert from "node:assert/strict";
import { CopyMemory } from "./buffer_pool.ts";
import { CopyBuffer } from "./copy_buffer.ts";

const CELL = 256;
const MEDIUM = 4_096;
const LARGE = 65_536;

/** Memory with so much of each size before it is scarce. */
function memoryOf(plenty: { readonly medium: number; readonly large: number }, largeMax = 100) {
  return new CopyMemory({
    medium: { bytes: MEDIUM, lentMax: Infinity, plentyMax: plenty.medium, keptMax: 10 },
    large: { bytes: LARGE, lentMax: largeMax, plentyMax: plenty.large, keptMax: 10 },
  });
}

Deno.test("CopyBuffer grows when it was filled, and shrinks when little came", () => {
  const buffer = new CopyBuffer(memoryOf({ medium: 10, large: 10 }));
  const sizes = [MEDIUM - 1, MEDIUM, MEDIUM + 1, LARGE, MEDIUM, 1].map((count) => {
    buffer.adapt(count);
    return buffer.bytes.length;
  });
  assert.deepEqual(sizes, [MEDIUM, LARGE, LARGE, LARGE, MEDIUM, MEDIUM]);
});

Deno.test("CopyBuffer waits with a cell where medium buffers are scarce, and takes one to read on", () => {
  const memory = memoryOf({ medium: 0, large: 10 });
  const first = new CopyBuffer(memory);
  const second = new CopyBuffer(memory);
  assert.deepEqual([first.bytes.length, second.bytes.length], [MEDIUM, CELL]);
  second.adapt(CELL);
  assert.equal(second.bytes.length, MEDIUM);
  first.adapt(10);
  second.adapt(10);
  assert.deepEqual([first.bytes.length, second.bytes.length], [CELL, MEDIUM]);
  assert.equal(memory.medium.lent, 1);
});

Deno.test("CopyBuffer gives a large buffer back after any short read when they are scarce", () => {
  const memory = memoryOf({ medium: 10, large: 0 });
  const buffer = new CopyBuffer(memory);
  buffer.adapt(MEDIUM);
  buffer.adapt(LARGE);
  assert.equal(buffer.bytes.length, LARGE);
  buffer.adapt(LARGE - 1);
  assert.equal(buffer.bytes.length, MEDIUM);
});

Deno.test("CopyBuffer stays as it is while all large ones are out", () => {
  const memory = memoryOf({ medium: 10, large: 10 }, 1);
  const [first, second] = [new CopyBuffer(memory), new CopyBuffer(memory)];
  first.adapt(MEDIUM);
  second.adapt(MEDIUM);
  assert.equal(second.bytes.length, MEDIUM);
  first.giveBack();
  second.adapt(MEDIUM);
  assert.equal(second.bytes.length, LARGE);
});

Deno.test("CopyBuffers never share memory that is in use", () => {
  const memory = memoryOf({ medium: 1, large: 1 });
  const buffers = Array.from({ length: 600 }, () => new CopyBuffer(memory));
  for (const [i, { bytes }] of buffers.entries()) bytes.fill(i % 251);
  for (const [i, { bytes }] of buffers.entries()) {
    assert.ok(bytes.every((byte) => byte === i % 251));
  }
  for (const buffer of buffers) buffer.giveBack();
  assert.deepEqual([memory.medium.lent, memory.large.lent], [0, 0]);
});
