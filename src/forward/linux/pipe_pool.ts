/**
 * Pipes for `splice`, which moves pages from one socket to another through one.
 *
 * @module
 */

import { FILE } from "./native/abi.ts";
import type { Libc } from "./native/libc.ts";

/** Best effort: an unprivileged user gets less once all pipes together are large. */
const CAPACITY_BYTES = 1024 * 1024;
const KEPT_MAX = 16;

/** A pipe, empty whenever it is in the pool. */
export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
  readonly capacity: number;
}

export class PipePool implements Disposable {
  readonly #libc: Libc;
  readonly #free: Pipe[] = [];
  /** Those that are out, too: none of them outlives the pool. */
  readonly #all = new Set<Pipe>();
  readonly #fds = new Int32Array(32);

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** An empty pipe, or `null` when there can't be another now. */
  take(): Pipe | null {
    return this.#free.pop() ?? this.#create();
  }

  /** Takes back a pipe; one that is not empty is closed. */
  giveBack(pipe: Pipe, isEmpty: boolean): void {
    if (isEmpty && this.#free.length < KEPT_MAX) this.#free.push(pipe);
    else this.#close(pipe);
  }

  [Symbol.dispose](): void {
    for (const pipe of this.#all) this.#close(pipe);
  }

  #create(): Pipe | null {
    if (this.#libc.pipe2(this.#fds, FILE.NONBLOCK | FILE.CLOEXEC) !== 0) return null;
    const [readFd = -1, writeFd = -1] = this.#fds;
    const capacity = this.#libc.fcntl(writeFd, FILE.F_SETPIPE_SZ, CAPACITY_BYTES);
    const pipe = { readFd, writeFd, capacity: capacity > 0 ? capacity : 64 * 1024 };
    this.#all.add(pipe);
    return pipe;
  }

  #close(pipe: Pipe): void {
    this.#all.delete(pipe);
    this.#libc.close(pipe.readFd);
    this.#libc.close(pipe.writeFd);
  }
}
