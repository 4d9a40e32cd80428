import { NO_METER } from "./meters.ts";
import type { Pipe } from "./pipe_pool.ts";
import { SocketStates } from "./socket_states.ts";

/** More than most processes may open: growing leaves garbage, and a page that is not written is free. */
const ROWS_MIN = 1 << 15;

/** A `struct sockaddr` of either family. */
const ADDRESS_WORDS = 7;

/**
 * What is known of the sockets of sessions, in columns indexed by descriptor, so that nothing is
 * allocated or looked up by key while bytes move; memory follows the highest descriptor. A session is
 * between two descriptors, each the source of one direction: what stands in row `fd` is about the
 * direction out of `fd`, and about the socket `fd` itself.
 */
export class SessionTable {
  readonly states = new SocketStates();
  /** The other descriptor of the session. */
  peer = new Int32Array(0);
  /** The number of the session; -1 where there is none. */
  session = new Int32Array(0);
  /** Changes with whoever has the descriptor: the tag of its registration. */
  tag = new Int32Array(0);
  /** Reads in a row that filled the buffer. */
  fullReads = new Uint8Array(0);
  /** Bytes in the direction's pipe. */
  piped = new Int32Array(0);
  /** The meters that are asked before bytes pass. */
  ruleMeter = new Int32Array(0);
  ownerMeter = new Int32Array(0);
  /** The meter that the direction waits for, if it does. */
  awaited = new Int32Array(0);
  /** Bytes that went out of the socket to its peer. */
  moved = new Float64Array(0);
  /** `struct sockaddr` of the client of a path, in rows of {@linkcode ADDRESS_WORDS}. */
  #addresses = new Int32Array(0);
  readonly pipe: (Pipe | null)[] = [];
  /** What was read and the destination did not take. */
  readonly unsent: (Uint8Array<ArrayBuffer> | null)[] = [];

  /** Makes room for descriptors below `count`. */
  grow(count: number): void {
    if (count <= this.states.length) return;
    const size = Math.max(ROWS_MIN, 2 ** Math.ceil(Math.log2(count)));
    const wider = (old: Int32Array, empty = 0) => {
      const column = new Int32Array(size).fill(empty);
      column.set(old);
      return column;
    };
    this.states.grow(size);
    this.peer = wider(this.peer);
    this.session = wider(this.session, -1);
    this.tag = wider(this.tag);
    this.piped = wider(this.piped);
    this.ruleMeter = wider(this.ruleMeter, NO_METER);
    this.ownerMeter = wider(this.ownerMeter, NO_METER);
    this.awaited = wider(this.awaited, NO_METER);
    const addresses = new Int32Array(size * ADDRESS_WORDS);
    addresses.set(this.#addresses);
    this.#addresses = addresses;
    const moved = new Float64Array(size);
    moved.set(this.moved);
    this.moved = moved;
    const fullReads = new Uint8Array(size);
    fullReads.set(this.fullReads);
    this.fullReads = fullReads;
    while (this.pipe.length < size) {
      this.pipe.push(null);
      this.unsent.push(null);
    }
  }

  /** Keeps the address that accept4(2) wrote. */
  setAddress(fd: number, address: Int32Array): void {
    for (let word = 0; word < ADDRESS_WORDS; word++) {
      this.#addresses[fd * ADDRESS_WORDS + word] = address[word] ?? 0;
    }
  }

  addressOf(fd: number): Int32Array {
    return this.#addresses.subarray(fd * ADDRESS_WORDS, (fd + 1) * ADDRESS_WORDS);
  }

  /** Reads a column; what is beyond its end does not occur. */
  at(column: Int32Array | Uint8Array, fd: number): number {
    return column[fd] ?? -1;
  }
}
