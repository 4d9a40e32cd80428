/**
 * How many bytes went through each session, counted by the Worker and read by the main thread.
 *
 * @module
 */

import { CountRows } from "./count_rows.ts";
import { PATHS_MAX } from "./path_counts.ts";

/** Sessions of one Worker at a time that the main thread began; beyond them, each path has a tally. */
export const SESSIONS_MAX = 1 << 16;

const IN = 0;
const OUT = 1;
const SHAPE = { counts: 2, words: 5 };

/** Bytes of both directions. Exact up to 2^53. */
export interface Tally {
  bytesIn: number;
  bytesOut: number;
}

/** Counts are open from before the bytes are written, so whoever has seen them finds them counted. */
export class Tallies {
  readonly #rows: CountRows;
  readonly #counts = new Float64Array(SHAPE.counts);

  constructor(memory: SharedArrayBuffer) {
    this.#rows = new CountRows(memory, SHAPE);
  }

  static allocate(): SharedArrayBuffer {
    return CountRows.allocate(SESSIONS_MAX + PATHS_MAX, SHAPE);
  }

  /** Starts at zero. For the main thread, before it hands the session to the Worker. */
  reset(session: number): void {
    this.#rows.reset(session);
  }

  /** Bytes of a session are about to be written: `wrote` follows. For the Worker. */
  writing(session: number): void {
    this.#rows.begin(session);
  }

  /** Counts bytes of a session, perhaps none. For the Worker. */
  wrote(session: number, direction: "in" | "out", bytes: number): void {
    this.#rows.add(session, direction === "in" ? IN : OUT, bytes);
    this.#rows.end(session);
  }

  /** Reads the counts of a session. For the main thread. */
  read(session: number, into: Tally): void {
    this.#rows.read(session, this.#counts);
    [into.bytesIn = 0, into.bytesOut = 0] = this.#counts;
  }
}
