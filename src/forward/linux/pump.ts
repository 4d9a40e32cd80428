/**
 * Moving bytes between the sockets of sessions.
 *
 * @module
 */

import { Allowances } from "./allowances.ts";
import type { MeterTaker } from "./meter_taker.ts";
import { FILE, SOCKET } from "./native/abi.ts";
import { ERRNO } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import type { Pipe, PipePool } from "./pipe_pool.ts";
import type { SessionTable } from "./session_table.ts";
import {
  ENDED,
  HUNG_UP,
  OUTSIDE,
  QUEUED,
  READABLE,
  SHUT,
  type SocketStates,
  WAITING,
  WRITABLE,
} from "./socket_states.ts";
import type { Tallies } from "./tallies.ts";

const COPY_BYTES = 128 * 1024;
/** A direction is spliced after this many reads in a row that filled the buffer. */
const FULL_READS = 2;
/** Spliced pieces smaller than this are cheaper to copy: two system calls instead of four. */
const SPLICE_MIN_BYTES = 16 * 1024;
/** How often a socket is read before others get their turn. */
const TURNS = 16;

export interface PumpOptions {
  readonly libc: Libc;
  readonly table: SessionTable;
  /** `null` to copy always. */
  readonly pipes: PipePool | null;
  readonly tallies: Tallies;
  readonly meters: MeterTaker;
  /** Ends the session of a descriptor; errno is 0 when both streams have ended. */
  readonly failed: (fd: number, errno: number) => void;
  /** Has epoll look at a descriptor again. */
  readonly rearm: (fd: number) => void;
}

/**
 * Copies first, and splices what keeps filling the buffer.
 *
 * An edge of epoll says that something became possible, which holds until a call says EAGAIN; a
 * short read says so as well, for less, unless the socket is hung up.
 */
export class Pump {
  readonly #libc: Libc;
  readonly #pipes: PipePool | null;
  readonly #tallies: Tallies;
  readonly #allowances: Allowances;
  readonly #failed: (fd: number, errno: number) => void;
  readonly #rearm: (fd: number) => void;
  readonly #table: SessionTable;
  readonly #states: SocketStates;
  /** Everybody's: the kernel is done with it when a call returns, and nothing stays in it. */
  readonly #buffer = new Uint8Array(COPY_BYTES);
  /** Sources that have more to give, for the next turn. */
  #queue: number[] = [];
  #working: number[] = [];

  constructor({ libc, table, pipes, tallies, meters, failed, rearm }: PumpOptions) {
    this.#libc = libc;
    this.#table = table;
    this.#states = table.states;
    this.#pipes = pipes;
    this.#tallies = tallies;
    this.#allowances = new Allowances(table, meters);
    this.#failed = failed;
    this.#rearm = rearm;
  }

  /** Whether there is work that no event will bring. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
  }

  /** Moves what can be moved from `fd` to its peer. */
  move(fd: number): void {
    if (this.#states.has(fd, WAITING)) return;
    const peer = this.#at(this.#table.peer, fd);
    for (let turn = 0; this.#flush(fd, peer); turn++) {
      if (this.#states.has(fd, ENDED)) return this.#passEnd(fd, peer);
      if (!this.#states.has(fd, READABLE) || !this.#states.has(peer, WRITABLE)) return;
      if (turn === TURNS) {
        this.#states.set(fd, QUEUED);
        this.#queue.push(fd);
        return;
      }
      const pipe = this.#table.pipe[fd] ?? null;
      const room = this.#allowances.ask(fd, pipe === null ? COPY_BYTES : pipe.capacity);
      if (this.#states.has(fd, WAITING)) return;
      if (room === 0) continue;
      const isAlive = pipe === null ? this.#copy(fd, peer, room) : this.#fillPipe(fd, pipe, room);
      if (!isAlive) return;
    }
  }

  /** Gives every source that was left with more to give another turn. */
  workOff(): void {
    const queued = this.#queue;
    this.#queue = this.#working;
    this.#working = queued;
    for (const fd of queued) {
      // The bit is cleared when a session ends: who reuses the descriptor is not in the queue.
      if (!this.#states.has(fd, QUEUED)) continue;
      this.#states.clear(fd, QUEUED);
      this.move(fd);
    }
    queued.length = 0;
  }

  /** Has everybody try again who waits for tokens. */
  refilled(): void {
    this.#allowances.refilled(this.#retry);
  }

  readonly #retry = (fd: number): void => this.move(fd);

  /** Whether the quota of a session is used up. */
  isExhausted(fd: number): boolean {
    return this.#allowances.isExhausted(this.#at(this.#table.ownerMeter, fd));
  }

  /** Ends both streams of a session, and so the session. */
  endBoth(outside: number, target: number): void {
    this.#passEnd(outside, target);
    this.#passEnd(target, outside);
  }

  /** Forgets what was under way out of `fd`. */
  forget(fd: number): void {
    this.#releasePipe(fd);
    this.#allowances.forget(fd);
    this.#table.unsent[fd] = null;
  }

  /** @returns whether the session goes on */
  #copy(fd: number, peer: number, room: number): boolean {
    const most = Math.min(room, COPY_BYTES);
    const count = this.#libc.recv(fd, this.#buffer, most, 0);
    const errno = count < 0 ? this.#libc.errno() : 0;
    const mayPass = this.#allowances.settle(fd, room, count);
    if (count <= 0) return this.#notRead(fd, errno);
    if (!mayPass) return true;
    if (count < most) {
      if (!this.#states.has(fd, HUNG_UP)) this.#states.clear(fd, READABLE);
      this.#table.fullReads[fd] = 0;
    } else if (this.#pipes !== null && most === COPY_BYTES) {
      const full = this.#at(this.#table.fullReads, fd) + 1;
      this.#table.fullReads[fd] = full % FULL_READS;
      if (full === FULL_READS) this.#table.pipe[fd] = this.#pipes.take();
    }
    const sent = this.#send(fd, peer, this.#buffer, count);
    if (sent < 0) return false;
    // A copy of its own: the buffer is everybody's.
    if (sent < count) this.#table.unsent[fd] = this.#buffer.slice(sent, count);
    return true;
  }

  /** @returns whether the session goes on */
  #fillPipe(fd: number, pipe: Pipe, room: number): boolean {
    const flags = FILE.SPLICE_MOVE_NONBLOCK;
    const count = this.#libc.splice(fd, 0, pipe.writeFd, 0, room, flags);
    const errno = count < 0 ? this.#libc.errno() : 0;
    this.#table.piped[fd] = Math.max(0, count);
    if (!this.#allowances.settle(fd, room, count)) this.#releasePipe(fd);
    else if (errno === ERRNO.EINVAL) this.#releasePipe(fd);
    else if (count <= 0) {
      if (!this.#notRead(fd, errno)) return false;
      this.#releasePipe(fd);
    }
    return true;
  }

  /** What a read that gave nothing means; with errno 0 the stream has ended. @returns whether the session goes on */
  #notRead(fd: number, errno: number): boolean {
    if (errno === 0) this.#states.set(fd, ENDED);
    else if (errno === ERRNO.EAGAIN) this.#states.clear(fd, READABLE);
    else if (errno !== ERRNO.EINTR) {
      this.#failed(fd, errno);
      return false;
    }
    return true;
  }

  /** Sends what was read earlier. @returns whether the session goes on and all of it is gone */
  #flush(fd: number, peer: number): boolean {
    const unsent = this.#table.unsent[fd];
    if (unsent) {
      const sent = this.#send(fd, peer, unsent, unsent.length);
      if (sent < 0) return false;
      this.#table.unsent[fd] = sent === unsent.length ? null : unsent.subarray(sent);
      if (sent < unsent.length) return false;
    }
    const session = this.#at(this.#table.session, fd);
    const pipe = this.#table.pipe[fd];
    while (pipe && this.#at(this.#table.piped, fd) > 0) {
      if (!this.#states.has(peer, WRITABLE)) return false;
      const left = this.#at(this.#table.piped, fd);
      const flags = FILE.SPLICE_MOVE_NONBLOCK;
      this.#tallies.writing(session);
      const count = this.#libc.splice(pipe.readFd, 0, peer, 0, left, flags);
      this.#tallies.wrote(session, this.#direction(fd), Math.max(0, count));
      if (count < 0) {
        if (!this.#notWritten(peer)) return false;
        continue;
      }
      this.#table.moved[fd] = (this.#table.moved[fd] ?? 0) + count;
      this.#table.piped[fd] = left - count;
      if (left === count && left < SPLICE_MIN_BYTES) this.#releasePipe(fd);
    }
    return true;
  }

  /**
   * Sends the first `length` of `bytes` until all is sent or the socket is full.
   *
   * @returns how much, or -1: the session ended
   */
  #send(fd: number, peer: number, bytes: Uint8Array<ArrayBuffer>, length: number): number {
    const session = this.#at(this.#table.session, fd);
    let sent = 0;
    while (sent < length && this.#states.has(peer, WRITABLE)) {
      const rest = sent === 0 ? bytes : bytes.subarray(sent);
      this.#tallies.writing(session);
      const count = this.#libc.send(peer, rest, length - sent, SOCKET.MSG_NOSIGNAL);
      this.#tallies.wrote(session, this.#direction(fd), Math.max(0, count));
      if (count >= 0) sent += count;
      else if (!this.#notWritten(peer)) return -1;
    }
    this.#table.moved[fd] = (this.#table.moved[fd] ?? 0) + sent;
    return sent;
  }

  /** What a failed write to `fd` means. @returns whether the session goes on */
  #notWritten(fd: number): boolean {
    const errno = this.#libc.errno();
    if (errno === ERRNO.EINTR) return true;
    if (errno !== ERRNO.EAGAIN && errno !== ERRNO.ENOBUFS) {
      this.#failed(fd, errno);
      return false;
    }
    this.#states.clear(fd, WRITABLE);
    // The socket itself may have room all along, and no edge would tell: epoll looks again.
    if (errno === ERRNO.ENOBUFS) this.#rearm(fd);
    return true;
  }

  /** The direction out of `fd` is done. With the other one done too, closing says it all. */
  #passEnd(fd: number, peer: number): void {
    if (this.#states.has(peer, SHUT)) return;
    this.#states.set(peer, SHUT);
    if (this.#states.has(fd, SHUT)) this.#failed(fd, 0);
    // A peer that is gone already needs no end of stream: the other direction will notice.
    else this.#libc.shutdown(peer, SOCKET.SHUT_WR);
  }

  #releasePipe(fd: number): void {
    const pipe = this.#table.pipe[fd];
    if (!pipe) return;
    this.#pipes?.giveBack(pipe, this.#at(this.#table.piped, fd) === 0);
    this.#table.pipe[fd] = null;
    this.#table.piped[fd] = 0;
  }

  #direction(fd: number): "in" | "out" {
    return this.#states.has(fd, OUTSIDE) ? "in" : "out";
  }

  #at(column: Int32Array | Uint8Array, index: number): number {
    return this.#table.at(column, index);
  }
}
