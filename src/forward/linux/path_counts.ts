/**
 * How many connections took each path of a Worker, counted by the Worker and read by the main thread.
 *
 * @module
 */

/** Paths of one Worker at a time. */
export const PATHS_MAX = 1 << 14;

const WORDS = 2;
const ADMITTED = 0;
const ACTIVE = 1;

export class PathCounts {
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * WORDS * PATHS_MAX);
  }

  /** Starts at zero. For the main thread, before the Worker knows of the path. */
  reset(path: number): void {
    Atomics.store(this.#words, path * WORDS + ADMITTED, 0);
    Atomics.store(this.#words, path * WORDS + ACTIVE, 0);
  }

  /** A connection came in. */
  began(path: number): void {
    Atomics.add(this.#words, path * WORDS + ACTIVE, 1);
  }

  /** It is connected to the target. */
  connected(path: number): void {
    Atomics.add(this.#words, path * WORDS + ADMITTED, 1);
  }

  /** It has ended, or is somebody else's. */
  ended(path: number): void {
    Atomics.sub(this.#words, path * WORDS + ACTIVE, 1);
  }

  /** Connections that reached the target since the beginning, modulo 2^32. */
  admitted(path: number): number {
    return Atomics.load(this.#words, path * WORDS + ADMITTED) >>> 0;
  }

  /** Connections that have not ended, those being connected too. */
  active(path: number): number {
    return Atomics.load(this.#words, path * WORDS + ACTIVE);
  }
}
