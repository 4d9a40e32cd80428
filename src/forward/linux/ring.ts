/**
 * Messages of a few numbers from one thread to another, through shared memory.
 *
 * @module
 */

/** Numbers of one record. */
export const RECORD_WORDS = 16;
/** Records that fit. */
export const RECORDS = 4_096;
const HEAD = 0;
const TAIL = 1;
const HEADER_WORDS = 2;

/** One record; what is not given is 0. */
export type Message = readonly number[];

/**
 * A bounded queue with one writer and one reader. Both positions only grow, modulo 2^32; a record is
 * written before the head moves past it, and read before the tail does, so neither side ever sees a
 * record half done.
 */
export class Ring {
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * (HEADER_WORDS + RECORDS * RECORD_WORDS));
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#words, HEAD) === Atomics.load(this.#words, TAIL);
  }

  /** Appends a record. @returns whether there was room */
  push(message: Message): boolean {
    const head = Atomics.load(this.#words, HEAD);
    if (((head - Atomics.load(this.#words, TAIL)) >>> 0) === RECORDS) return false;
    const at = HEADER_WORDS + (head >>> 0) % RECORDS * RECORD_WORDS;
    for (let i = 0; i < RECORD_WORDS; i++) this.#words[at + i] = message[i] ?? 0;
    Atomics.store(this.#words, HEAD, (head + 1) | 0);
    return true;
  }

  /** Moves the oldest record to `into`. @returns whether there was one */
  shift(into: Int32Array): boolean {
    const tail = Atomics.load(this.#words, TAIL);
    if (tail === Atomics.load(this.#words, HEAD)) return false;
    const at = HEADER_WORDS + (tail >>> 0) % RECORDS * RECORD_WORDS;
    for (let i = 0; i < RECORD_WORDS; i++) into[i] = this.#words[at + i] ?? 0;
    Atomics.store(this.#words, TAIL, (tail + 1) | 0);
    return true;
  }
}
