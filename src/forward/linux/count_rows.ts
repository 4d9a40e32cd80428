/**
 * Rows of 64-bit counts in shared memory: one Worker counts in a row, the main thread reads it.
 *
 * @module
 */

const SEQUENCE = 0;
const TWO_32 = 2 ** 32;

/** A reader gives up waiting for a Worker that died in the middle after this many tries. */
const TRIES_MAX = 10_000_000;

/** The size of rows. */
export interface RowShape {
  /** Counts of a row. */
  readonly counts: number;
  /** Words of 32 bits from one row to the next: one for the sequence number, two for each count. */
  readonly words: number;
}

/**
 * A count is two words, which can't be stored at once. So each row has a sequence number as well,
 * odd while its counts may change: who reads it odd, or finds it changed after reading, reads
 * again. Whoever makes it odd before the counted thing happens may rely on this: who has seen it
 * happen finds it counted. Exact up to 2^53.
 */
export class CountRows {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #shape: RowShape;

  constructor(memory: SharedArrayBuffer, shape: RowShape) {
    this.#words = new Int32Array(memory);
    this.#shape = shape;
  }

  static allocate(rows: number, { words }: RowShape): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * words * rows);
  }

  /** The counts of a row are about to change: {@linkcode end} follows. */
  begin(row: number): void {
    Atomics.add(this.#words, row * this.#shape.words + SEQUENCE, 1);
  }

  /** The counts of a row are as they shall be read. */
  end(row: number): void {
    Atomics.add(this.#words, row * this.#shape.words + SEQUENCE, 1);
  }

  /** Adds to a count, less than 2^32 at a time, between {@linkcode begin} and {@linkcode end}. */
  add(row: number, count: number, amount: number): void {
    const low = this.#low(row, count);
    const sum = ((this.#words[low] ?? 0) >>> 0) + amount;
    this.#words[low] = sum | 0;
    if (sum >= TWO_32) this.#words[low + 1] = (this.#words[low + 1] ?? 0) + 1;
  }

  /** Starts a row at zero. */
  reset(row: number): void {
    const first = row * this.#shape.words + SEQUENCE + 1;
    this.begin(row);
    this.#words.fill(0, first, first + 2 * this.#shape.counts);
    this.end(row);
  }

  /** Reads all counts of a row as they were at one moment. */
  read(row: number, into: Float64Array): void {
    const sequence = row * this.#shape.words + SEQUENCE;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const before = Atomics.load(this.#words, sequence);
      for (let count = 0; count < this.#shape.counts; count++) {
        const low = this.#low(row, count);
        into[count] = (Atomics.load(this.#words, low + 1) >>> 0) * TWO_32 +
          (Atomics.load(this.#words, low) >>> 0);
      }
      const isWhole = (before & 1) === 0;
      if (isWhole && Atomics.load(this.#words, sequence) === before) return;
    }
  }

  /** The lower half of one count, at whatever moment. */
  lowWord(row: number, count: number): number {
    return Atomics.load(this.#words, this.#low(row, count));
  }

  #low(row: number, count: number): number {
    return row * this.#shape.words + SEQUENCE + 1 + 2 * count;
  }
}
