/**
 * A read that waits needs its buffer all along, and cannot be asked to give it back. So connections
 * wait with little, and borrow more while they move more.
 *
 * @module
 */

import type { BufferPool, CopyMemory } from "./buffer_pool.ts";

/** The buffer of one direction of a connection; its size follows the traffic. */
export class CopyBuffer {
  readonly #memory: CopyMemory;
  /** Where the buffer is from; `null` for a cell. */
  #pool: BufferPool | null = null;
  #bytes: Uint8Array<ArrayBuffer>;

  /** Begins with a medium buffer, or with a cell when those are scarce. */
  constructor(memory: CopyMemory) {
    this.#memory = memory;
    this.#bytes = this.#wait();
  }

  /** What to read into next. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /**
   * Chooses the buffer of the next read after one that gave `count` bytes: a larger one when they
   * filled this one. A large one is kept while reads are worth it. Where buffers are scarce, they
   * are kept only while they are filled: then the next read may have to wait, and waits with less.
   */
  adapt(count: number): void {
    const { medium, large } = this.#memory;
    if (count === this.#bytes.length) return this.#grow(this.#pool === null ? medium : large);
    if (this.#pool === null) return;
    if (this.#pool.isScarce || (this.#pool === large && count <= medium.bytes)) {
      this.giveBack();
      this.#bytes = this.#wait();
    }
  }

  /** Gives the buffer back, for good. No read or write that uses it may be under way. */
  giveBack(): void {
    if (this.#pool === null) this.#memory.cells.giveBack(this.#bytes);
    else this.#pool.giveBack(this.#bytes);
    this.#pool = null;
  }

  #wait(): Uint8Array<ArrayBuffer> {
    const { cells, medium } = this.#memory;
    const buffer = medium.isScarce ? null : medium.borrow();
    if (buffer !== null) this.#pool = medium;
    return buffer ?? cells.borrow();
  }

  #grow(pool: BufferPool): void {
    if (this.#pool === pool) return;
    const buffer = pool.borrow();
    if (buffer === null) return;
    this.giveBack();
    this.#pool = pool;
    this.#bytes = buffer;
  }
}
