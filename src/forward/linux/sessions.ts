/**
 * Relaying between pairs of connected sockets.
 *
 * @module
 */

import { Allowances } from "./allowances.ts";
import { type Epoll, KIND } from "./epoll.ts";
import { EPOLL, FILE, SOCKET } from "./native/abi.ts";
import { ERRNO } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import type { MeterTaker } from "./meter_taker.ts";
import type { Pipe, PipePool } from "./pipe_pool.ts";
import { WORKER_GONE } from "./protocol.ts";
import { SessionTable } from "./session_table.ts";
import {
  ENDED,
  HUNG_UP,
  OUTSIDE,
  QUEUED,
  READABLE,
  SHUT,
  WAITING,
  WRITABLE,
} from "./socket_states.ts";
import { SESSIONS_MAX, type Tallies } from "./tallies.ts";

const INTEREST = EPOLL.IN | EPOLL.OUT | EPOLL.RDHUP | EPOLL.ET;
const COPY_BYTES = 128 * 1024;
/** A direction is spliced after this many reads in a row that filled the buffer. */
const FULL_READS = 2;
/** Spliced pieces smaller than this are cheaper to copy: two system calls instead of four. */
const SPLICE_MIN_BYTES = 16 * 1024;
/** How often a socket is read before others get their turn. */
const TURNS = 16;

/** Told what became of a session; its descriptors are closed. */
export type OnEnded = (session: number, errno: number) => void;

/** Two connected sockets, and the meters of the rule and its owner that bytes between them pass. */
export interface Pair {
  readonly outside: number;
  readonly target: number;
  readonly rule: number;
  readonly owner: number;
}

/**
 * The sessions of a Worker.
 *
 * Each socket is registered once, for all edges. An edge says that something became possible, which
 * holds until a call says EAGAIN; a short read says so as well, for less, unless the socket is hung
 * up.
 */
export class Sessions implements Disposable {
  readonly #libc: Libc;
  readonly #epoll: Epoll;
  readonly #pipes: PipePool | null;
  readonly #tallies: Tallies;
  readonly #allowances: Allowances;
  readonly #onEnded: OnEnded;
  readonly #buffer = new Uint8Array(COPY_BYTES);
  readonly #optval = new Int32Array(32);
  readonly #optlen = new Int32Array(32).fill(4);
  readonly #outside = new Int32Array(SESSIONS_MAX).fill(-1);
  readonly #table = new SessionTable();
  readonly #states = this.#table.states;
  /** Sources that have more to give, for the next turn. */
  #queue: number[] = [];
  #working: number[] = [];

  /** @param pipes `null` to copy always */
  constructor(
    { libc, epoll, pipes, tallies, meters, onEnded }: {
      readonly libc: Libc;
      readonly epoll: Epoll;
      readonly pipes: PipePool | null;
      readonly tallies: Tallies;
      readonly meters: MeterTaker;
      readonly onEnded: OnEnded;
    },
  ) {
    this.#libc = libc;
    this.#epoll = epoll;
    this.#pipes = pipes;
    this.#tallies = tallies;
    this.#allowances = new Allowances(this.#table, meters);
    this.#onEnded = onEnded;
  }

  /** Whether there is work that no event will bring. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
  }

  /** Relays between two sockets, which are closed with the session. */
  start(session: number, pair: Pair): void {
    const { outside, target, owner } = pair;
    this.#table.grow(Math.max(outside, target) + 1);
    this.#outside[session] = outside;
    this.#enter(outside, target, OUTSIDE);
    this.#enter(target, outside, 0);
    for (const fd of [outside, target]) {
      this.#table.session[fd] = session;
      this.#table.ruleMeter[fd] = pair.rule;
      this.#table.ownerMeter[fd] = owner;
    }
    const errno = this.#register(outside) || this.#register(target);
    if (errno !== 0) return this.#end(outside, errno);
    if (!this.#allowances.isExhausted(owner)) return;
    this.#passEnd(outside, target);
    this.#passEnd(target, outside);
  }

  /** An event of a descriptor that was registered as a session's. */
  ready(fd: number, tag: number, events: number): void {
    if (this.#at(this.#table.tag, fd) !== tag || this.#at(this.#table.session, fd) < 0) return;
    if ((events & EPOLL.ERR) !== 0) return this.#end(fd, this.#socketError(fd));
    let bits = 0;
    if ((events & (EPOLL.IN | EPOLL.RDHUP | EPOLL.HUP)) !== 0) bits |= READABLE;
    if ((events & (EPOLL.RDHUP | EPOLL.HUP)) !== 0) bits |= HUNG_UP;
    if ((events & EPOLL.OUT) !== 0) bits |= WRITABLE;
    this.#states.set(fd, bits);
    const peer = this.#at(this.#table.peer, fd);
    if ((bits & WRITABLE) !== 0) this.#move(peer);
    if ((bits & READABLE) !== 0 && this.#at(this.#table.tag, fd) === tag) this.#move(fd);
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
      this.#move(fd);
    }
    queued.length = 0;
  }

  /** Ends a session, if it has not ended already. */
  cut(session: number): void {
    const outside = this.#at(this.#outside, session);
    if (outside >= 0) this.#end(outside, 0);
  }

  /** Closes the sockets of every session. */
  [Symbol.dispose](): void {
    for (const fd of this.#outside) if (fd >= 0) this.#end(fd, WORKER_GONE);
  }

  /** Has everybody try again who waits for tokens. */
  refilled(): void {
    this.#allowances.refilled(this.#retry);
  }

  readonly #retry = (fd: number): void => this.#move(fd);

  /** Moves what can be moved from `fd` to its peer. */
  #move(fd: number): void {
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
    const sent = this.#send(fd, peer, this.#buffer.subarray(0, count));
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
      this.#end(fd, errno);
      return false;
    }
    return true;
  }

  /** Sends what was read earlier. @returns whether the session goes on and all of it is gone */
  #flush(fd: number, peer: number): boolean {
    const unsent = this.#table.unsent[fd];
    if (unsent) {
      const sent = this.#send(fd, peer, unsent);
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
      this.#table.piped[fd] = left - count;
      if (left === count && left < SPLICE_MIN_BYTES) this.#releasePipe(fd);
    }
    return true;
  }

  /** Sends until all is sent or the socket is full. @returns how much, or -1: the session ended */
  #send(fd: number, peer: number, bytes: Uint8Array<ArrayBuffer>): number {
    const session = this.#at(this.#table.session, fd);
    let sent = 0;
    while (sent < bytes.length && this.#states.has(peer, WRITABLE)) {
      const rest = sent === 0 ? bytes : bytes.subarray(sent);
      this.#tallies.writing(session);
      const count = this.#libc.send(peer, rest, rest.length, SOCKET.MSG_NOSIGNAL);
      this.#tallies.wrote(session, this.#direction(fd), Math.max(0, count));
      if (count >= 0) sent += count;
      else if (!this.#notWritten(peer)) return -1;
    }
    return sent;
  }

  /** What a failed write to `fd` means. @returns whether the session goes on */
  #notWritten(fd: number): boolean {
    const errno = this.#libc.errno();
    if (errno === ERRNO.EINTR) return true;
    if (errno !== ERRNO.EAGAIN && errno !== ERRNO.ENOBUFS) {
      this.#end(fd, errno);
      return false;
    }
    this.#states.clear(fd, WRITABLE);
    // The socket itself may have room all along, and no edge would tell: epoll looks again.
    if (errno === ERRNO.ENOBUFS) this.#register(fd);
    return true;
  }

  /** The direction out of `fd` is done. With the other one done too, closing says it all. */
  #passEnd(fd: number, peer: number): void {
    if (this.#states.has(peer, SHUT)) return;
    this.#states.set(peer, SHUT);
    if (this.#states.has(fd, SHUT)) this.#end(fd, 0);
    // A peer that is gone already needs no end of stream: the other direction will notice.
    else this.#libc.shutdown(peer, SOCKET.SHUT_WR);
  }

  #end(fd: number, errno: number): void {
    const peer = this.#at(this.#table.peer, fd);
    const session = this.#at(this.#table.session, fd);
    for (const socket of [fd, peer]) {
      this.#leave(socket);
      this.#libc.close(socket);
    }
    this.#outside[session] = -1;
    this.#onEnded(session, errno);
  }

  #enter(fd: number, peer: number, state: number): void {
    this.#states.set(fd, state);
    this.#table.peer[fd] = peer;
    this.#table.fullReads[fd] = 0;
    this.#table.piped[fd] = 0;
    this.#table.pipe[fd] = null;
    this.#table.unsent[fd] = null;
  }

  #leave(fd: number): void {
    this.#releasePipe(fd);
    this.#allowances.forget(fd);
    this.#states.clear(fd, 0xff);
    this.#table.session[fd] = -1;
    this.#table.unsent[fd] = null;
    // A stale event of this socket must not find whoever has the descriptor next.
    this.#table.tag[fd] = (this.#at(this.#table.tag, fd) + 1) & 0x0fffffff;
  }

  #releasePipe(fd: number): void {
    const pipe = this.#table.pipe[fd];
    if (!pipe) return;
    this.#pipes?.giveBack(pipe, this.#at(this.#table.piped, fd) === 0);
    this.#table.pipe[fd] = null;
    this.#table.piped[fd] = 0;
  }

  #register(fd: number): number {
    const tag = this.#at(this.#table.tag, fd);
    return this.#epoll.register(fd, INTEREST, { kind: KIND.session, tag });
  }

  #socketError(fd: number): number {
    const { SOL_SOCKET, SO_ERROR } = SOCKET;
    this.#libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, this.#optval, this.#optlen);
    return this.#optval[0] || ERRNO.ECONNRESET;
  }

  #direction(fd: number): "in" | "out" {
    return this.#states.has(fd, OUTSIDE) ? "in" : "out";
  }

  #at(column: Int32Array | Uint8Array, index: number): number {
    return this.#table.at(column, index);
  }
}
