/**
 * How many bytes went through each session, counted by the Worker and read by the main thread.
 *
 * @module
 */

import { PATHS_MAX } from "./path_counts.ts";

/** Sessions of one Worker at a time that the main thread began; beyond them, each path has a tally. */
export const SESSIONS_MAX = 1 << 16;

const WORDS = 5;
const SEQUENCE = 0;
const IN = 1;
const OUT = 3;
const TWO_32 = 2 ** 32;

/** Bytes of both directions. Exact up to 2^53. */
export interface Tally {
  bytesIn: number;
  bytesOut: number;
}

/** A reader gives up waiting for a Worker that died in the middle after this many tries. */
const TRIES_MAX = 10_000_000;

/**
 * Each 64-bit count is two words, which can't be stored at once. So each session has a sequence
 * number as well, odd while its counts may change: who reads it odd, or finds it changed after
 * reading, reads again. It is odd from before the bytes are written, so whoever has seen bytes
 * arrive finds them counted.
 */
export class Tallies {
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * WORDS * (SESSIONS_MAX + PATHS_MAX));
  }

  /** Starts at zero. For the main thread, before it hands the session to the Worker. */
  reset(session: number): void {
    const at = session * WORDS;
    Atomics.add(this.#words, at + SEQUENCE, 1);
    this.#words.fill(0, at + IN, at + WORDS);
    Atomics.add(this.#words, at + SEQUENCE, 1);
  }

  /** Bytes of a session are about to be written: `wrote` follows. For the Worker. */
  writing(session: number): void {
    Atomics.add(this.#words, session * WORDS + SEQUENCE, 1);
  }

  /** Counts bytes of a session, perhaps none. For the Worker. */
  wrote(session: number, direction: "in" | "out", bytes: number): void {
    const at = session * WORDS;
    const low = at + (direction === "in" ? IN : OUT);
    const sum = ((this.#words[low] ?? 0) >>> 0) + bytes;
    this.#words[low] = sum | 0;
    if (sum >= TWO_32) this.#words[low + 1] = (this.#words[low + 1] ?? 0) + 1;
    Atomics.add(this.#words, at + SEQUENCE, 1);
  }

  /** Reads the counts of a session. For the main thread. */
  read(session: number, into: Tally): void {
    const at = session * WORDS;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const before = Atomics.load(this.#words, at + SEQUENCE);
      into.bytesIn = this.#count(at + IN);
      into.bytesOut = this.#count(at + OUT);
      const isWhole = (before & 1) === 0;
      if (isWhole && Atomics.load(this.#words, at + SEQUENCE) === before) return;
    }
  }

  #count(at: number): number {
    return (Atomics.load(this.#words, at + 1) >>> 0) * TWO_32 +
      (Atomics.load(this.#words, at) >>> 0);
  }
}
