/**
 * Memory for copying, shared by the connections of an engine.
 *
 * @module
 */

import { FORWARD } from "../../core/limits.ts";

/** Memory of one size. */
export interface PoolOptions {
  readonly bytes: number;
  /** Buffers lent at one time. */
  readonly lentMax: number;
  /** With more than these out, nobody should keep one that is not needed. */
  readonly plentyMax: number;
  /** Of those that came back, how many are kept for the next borrower. */
  readonly keptMax: number;
}

/** Buffers of one size, of which only so many are lent at a time. */
export class BufferPool {
  readonly bytes: number;
  readonly #options: PoolOptions;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #lent = 0;

  constructor(options: PoolOptions) {
    this.bytes = options.bytes;
    this.#options = options;
  }

  /** Buffers out at the moment. */
  get lent(): number {
    return this.#lent;
  }

  /** Whether so many are out that those who only wait should wait with less. */
  get isScarce(): boolean {
    return this.#lent > this.#options.plentyMax;
  }

  /** A buffer with arbitrary content, or `null` when all are out. */
  borrow(): Uint8Array<ArrayBuffer> | null {
    if (this.#lent >= this.#options.lentMax) return null;
    this.#lent += 1;
    return this.#free.pop() ?? new Uint8Array(this.bytes);
  }

  /** Takes back what `borrow` gave. Nobody may use it any more. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    this.#lent -= 1;
    if (this.#free.length < this.#options.keptMax) this.#free.push(buffer);
  }
}

/**
 * The smallest buffers, without a bound: whatever else is out, a connection can have one. They are
 * cut out of large pieces, because memory of its own costs each of them more than it holds.
 */
export class CellPool {
  readonly bytes = FORWARD.cellBytes;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  /** A cell with arbitrary content. */
  borrow(): Uint8Array<ArrayBuffer> {
    if (this.#free.length === 0) this.#cut();
    return this.#free.pop() ?? new Uint8Array(this.bytes);
  }

  /** Takes back what `borrow` gave. Nobody may use it any more. */
  giveBack(cell: Uint8Array<ArrayBuffer>): void {
    this.#free.push(cell);
  }

  #cut(): void {
    const memory = new ArrayBuffer(FORWARD.largeBuffers.bytes);
    for (let at = memory.byteLength; at > 0; at -= this.bytes) {
      this.#free.push(new Uint8Array(memory, at - this.bytes, this.bytes));
    }
  }
}

/** The memory of an engine. */
export class CopyMemory {
  readonly cells = new CellPool();
  readonly medium: BufferPool;
  readonly large: BufferPool;

  constructor({ medium = FORWARD.mediumBuffers, large = FORWARD.largeBuffers }: {
    readonly medium?: PoolOptions;
    readonly large?: PoolOptions;
  } = {}) {
    this.medium = new BufferPool(medium);
    this.large = new BufferPool(large);
  }
}
