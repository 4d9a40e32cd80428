/**
 * Memory for copying. A read that waits needs its buffer all along, so connections wait with a
 * small one of their own and borrow a large one while they move a lot.
 *
 * @module
 */

import { FORWARD } from "../../core/limits.ts";

/** Large buffers, of which only so many are lent at a time. */
export class BufferPool {
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  readonly #lentMax: number;
  #lent = 0;

  constructor(lentMax: number = FORWARD.copyBuffersMax) {
    this.#lentMax = lentMax;
  }

  /** Buffers out at the moment. */
  get lent(): number {
    return this.#lent;
  }

  /** Whether more than half of the buffers are out. */
  get scarce(): boolean {
    return this.#lent * 2 > this.#lentMax;
  }

  /** A buffer with arbitrary content, or `null` when all are out. */
  borrow(): Uint8Array<ArrayBuffer> | null {
    if (this.#lent === this.#lentMax) return null;
    this.#lent += 1;
    return this.#free.pop() ?? new Uint8Array(FORWARD.copyBufferBytes);
  }

  /** Takes back what `borrow` gave. Nobody may use it any more. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    this.#lent -= 1;
    if (this.#free.length < FORWARD.copyBuffersKeptMax) this.#free.push(buffer);
  }
}

/** The buffer of one direction of a connection; its size follows the traffic. */
export class CopyBuffer implements Disposable {
  readonly #pool: BufferPool;
  readonly #small = new Uint8Array(FORWARD.idleBufferBytes);
  #large: Uint8Array<ArrayBuffer> | null = null;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** What to read into next. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#large ?? this.#small;
  }

  /**
   * Chooses the buffer of the next read after one that gave `count` bytes: a large one when they
   * filled the small one. It is kept while reads are worth it, and when buffers are scarce only
   * while they fill it: then the next read may have to wait, and waits with the small one.
   */
  adapt(count: number): void {
    if (this.#large === null) {
      if (count === this.#small.length) this.#large = this.#pool.borrow();
    } else if (count <= this.#small.length || (count < this.#large.length && this.#pool.scarce)) {
      this.#release(this.#large);
    }
  }

  /** Gives the large buffer back. No read or write that uses it may be under way. */
  [Symbol.dispose](): void {
    if (this.#large !== null) this.#release(this.#large);
  }

  #release(large: Uint8Array<ArrayBuffer>): void {
    this.#large = null;
    this.#pool.giveBack(large);
  }
}
