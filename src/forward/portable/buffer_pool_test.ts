import assert from "node:assert/strict";
import { BufferPool, CellPool } from "./buffer_pool.ts";

Deno.test("BufferPool borrow() lends so many and no more", () => {
  const pool = new BufferPool({ bytes: 8, lentMax: 2, plentyMax: 1, keptMax: 1 });
  const [a, b] = [pool.borrow(), pool.borrow()];
  assert.equal(a?.length, 8);
  assert.notEqual(a, b);
  assert.equal(pool.borrow(), null);

  pool.giveBack(b ?? assert.fail());

  assert.equal(pool.borrow(), b);
  assert.equal(pool.lent, 2);
});

Deno.test("BufferPool isScarce with more out than is plenty, and keeps only so many", () => {
  const pool = new BufferPool({ bytes: 8, lentMax: 3, plentyMax: 1, keptMax: 1 });
  const lent = [0, 1, 2].map(() => pool.borrow() ?? assert.fail());
  assert.equal(pool.isScarce, true);
  for (const buffer of lent) pool.giveBack(buffer);
  assert.equal(pool.isScarce, false);
  assert.deepEqual([pool.borrow() === lent[0], pool.borrow() === lent[1]], [true, false]);
});

Deno.test("CellPool gives cells that do not overlap, and the same ones again", () => {
  const pool = new CellPool();
  const cells = Array.from({ length: 300 }, () => pool.borrow());
  const places = new Set(cells.map((it) => it.byteOffset));
  assert.equal(places.size, 64 * 1024 / pool.bytes);
  assert.equal(new Set(cells.map(({ buffer }) => buffer)).size, 2);
  const last = cells.at(-1) ?? assert.fail();
  pool.giveBack(last);
  assert.equal(pool.borrow(), last);
});
