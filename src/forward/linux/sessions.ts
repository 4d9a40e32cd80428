/**
 * Relaying between pairs of connected sockets.
 *
 * @module
 */

import { type Epoll, KIND } from "./epoll.ts";
import { EPOLL, FILE, SOCKET } from "./native/abi.ts";
import { ERRNO } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import type { Pipe, PipePool } from "./pipe_pool.ts";
import { WORKER_GONE } from "./protocol.ts";
import {
  ENDED,
  HUNG_UP,
  OUTSIDE,
  QUEUED,
  READABLE,
  SHUT,
  SocketStates,
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

/** What was read from a session's sockets and not written. */
export interface Unsent {
  readonly unsentIn: Uint8Array | null;
  readonly unsentOut: Uint8Array | null;
}

/**
 * Sessions in tables indexed by descriptor, so that nothing is allocated or looked up by key while
 * bytes move; memory follows the highest descriptor. A session is between two descriptors, each the
 * source of one direction: what stands at index `fd` is about the direction out of `fd`, and about
 * the socket `fd` itself.
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
  readonly #onEnded: OnEnded;
  readonly #buffer = new Uint8Array(COPY_BYTES);
  readonly #optval = new Int32Array(32);
  readonly #optlen = new Int32Array(32).fill(4);
  readonly #outside = new Int32Array(SESSIONS_MAX).fill(-1);
  readonly #states = new SocketStates();
  #peer = new Int32Array(0);
  #session = new Int32Array(0);
  #tag = new Int32Array(0);
  #fullReads = new Uint8Array(0);
  /** Bytes in the direction's pipe. */
  #piped = new Int32Array(0);
  readonly #pipe: (Pipe | null)[] = [];
  /** What was read and the destination did not take. */
  readonly #unsent: (Uint8Array<ArrayBuffer> | null)[] = [];
  /** Sources that have more to give, for the next turn. */
  #queue: number[] = [];
  #working: number[] = [];

  /** @param pipes `null` to copy always */
  constructor(
    { libc, epoll, pipes, tallies, onEnded }: {
      readonly libc: Libc;
      readonly epoll: Epoll;
      readonly pipes: PipePool | null;
      readonly tallies: Tallies;
      readonly onEnded: OnEnded;
    },
  ) {
    this.#libc = libc;
    this.#epoll = epoll;
    this.#pipes = pipes;
    this.#tallies = tallies;
    this.#onEnded = onEnded;
  }

  /** Whether there is work that no event will bring. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
  }

  /** Relays between two sockets, which are closed with the session. */
  start(session: number, outside: number, target: number): void {
    this.#grow(Math.max(outside, target) + 1);
    this.#outside[session] = outside;
    this.#enter(session, { fd: outside, peer: target, state: OUTSIDE });
    this.#enter(session, { fd: target, peer: outside, state: 0 });
    const errno = this.#register(outside) || this.#register(target);
    if (errno !== 0) this.#end(outside, errno);
  }

  /** An event of a descriptor that was registered as a session's. */
  ready(fd: number, tag: number, events: number): void {
    if (this.#at(this.#tag, fd) !== tag || this.#at(this.#session, fd) < 0) return;
    if ((events & EPOLL.ERR) !== 0) return this.#end(fd, this.#socketError(fd));
    let bits = 0;
    if ((events & (EPOLL.IN | EPOLL.RDHUP | EPOLL.HUP)) !== 0) bits |= READABLE;
    if ((events & (EPOLL.RDHUP | EPOLL.HUP)) !== 0) bits |= HUNG_UP;
    if ((events & EPOLL.OUT) !== 0) bits |= WRITABLE;
    this.#states.set(fd, bits);
    const peer = this.#at(this.#peer, fd);
    if ((bits & WRITABLE) !== 0) this.#move(peer);
    if ((bits & READABLE) !== 0 && this.#at(this.#tag, fd) === tag) this.#move(fd);
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

  /** Lets go of both sockets, which stay open. `null` when the session has ended already. */
  detach(session: number): Unsent | null {
    const outside = this.#at(this.#outside, session);
    if (outside < 0) return null;
    const target = this.#at(this.#peer, outside);
    const unsent = { unsentIn: this.#takeUnsent(outside), unsentOut: this.#takeUnsent(target) };
    for (const fd of [outside, target]) {
      this.#epoll.unregister(fd);
      this.#leave(fd);
    }
    this.#outside[session] = -1;
    return unsent;
  }

  /** Closes the sockets of every session. */
  [Symbol.dispose](): void {
    for (const fd of this.#outside) if (fd >= 0) this.#end(fd, WORKER_GONE);
  }

  /** Moves what can be moved from `fd` to its peer. */
  #move(fd: number): void {
    const peer = this.#at(this.#peer, fd);
    for (let turn = 0; this.#flush(fd, peer); turn++) {
      if (this.#states.has(fd, ENDED)) return this.#passEnd(fd, peer);
      if (!this.#states.has(fd, READABLE) || !this.#states.has(peer, WRITABLE)) return;
      if (turn === TURNS) {
        this.#states.set(fd, QUEUED);
        this.#queue.push(fd);
        return;
      }
      const isAlive = this.#pipe[fd] ? this.#fillPipe(fd) : this.#copy(fd, peer);
      if (!isAlive) return;
    }
  }

  /** @returns whether the session goes on */
  #copy(fd: number, peer: number): boolean {
    const count = this.#libc.recv(fd, this.#buffer, COPY_BYTES, 0);
    if (count <= 0) return this.#notRead(fd, count);
    if (count < COPY_BYTES) {
      if (!this.#states.has(fd, HUNG_UP)) this.#states.clear(fd, READABLE);
      this.#fullReads[fd] = 0;
    } else if (this.#pipes !== null) {
      const full = this.#at(this.#fullReads, fd) + 1;
      this.#fullReads[fd] = full % FULL_READS;
      if (full === FULL_READS) this.#pipe[fd] = this.#pipes.take();
    }
    const sent = this.#send(fd, peer, this.#buffer.subarray(0, count));
    if (sent < 0) return false;
    // A copy of its own: the buffer is everybody's.
    if (sent < count) this.#unsent[fd] = this.#buffer.slice(sent, count);
    return true;
  }

  /** @returns whether the session goes on */
  #fillPipe(fd: number): boolean {
    const pipe = this.#pipe[fd];
    if (!pipe) return true;
    const count = this.#libc.splice(
      fd,
      0,
      pipe.writeFd,
      0,
      pipe.capacity,
      FILE.SPLICE_MOVE_NONBLOCK,
    );
    if (count > 0) this.#piped[fd] = count;
    else if (count < 0 && this.#libc.errno() === ERRNO.EINVAL) this.#releasePipe(fd);
    else if (!this.#notRead(fd, count)) return false;
    if (count < SPLICE_MIN_BYTES && this.#at(this.#piped, fd) === 0) this.#releasePipe(fd);
    return true;
  }

  /** What a read that gave nothing means. @returns whether the session goes on */
  #notRead(fd: number, result: number): boolean {
    if (result === 0) {
      this.#states.set(fd, ENDED);
      return true;
    }
    const errno = this.#libc.errno();
    if (errno === ERRNO.EAGAIN) this.#states.clear(fd, READABLE);
    else if (errno !== ERRNO.EINTR) {
      this.#end(fd, errno);
      return false;
    }
    return true;
  }

  /** Sends what was read earlier. @returns whether the session goes on and all of it is gone */
  #flush(fd: number, peer: number): boolean {
    const unsent = this.#unsent[fd];
    if (unsent) {
      const sent = this.#send(fd, peer, unsent);
      if (sent < 0) return false;
      this.#unsent[fd] = sent === unsent.length ? null : unsent.subarray(sent);
      if (sent < unsent.length) return false;
    }
    const session = this.#at(this.#session, fd);
    const pipe = this.#pipe[fd];
    while (pipe && this.#at(this.#piped, fd) > 0) {
      if (!this.#states.has(peer, WRITABLE)) return false;
      const left = this.#at(this.#piped, fd);
      const flags = FILE.SPLICE_MOVE_NONBLOCK;
      this.#tallies.writing(session);
      const count = this.#libc.splice(pipe.readFd, 0, peer, 0, left, flags);
      this.#tallies.wrote(session, this.#direction(fd), Math.max(0, count));
      if (count < 0) {
        if (!this.#notWritten(peer)) return false;
        continue;
      }
      this.#piped[fd] = left - count;
      if (left === count && left < SPLICE_MIN_BYTES) this.#releasePipe(fd);
    }
    return true;
  }

  /** Sends until all is sent or the socket is full. @returns how much, or -1: the session ended */
  #send(fd: number, peer: number, bytes: Uint8Array<ArrayBuffer>): number {
    const session = this.#at(this.#session, fd);
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
    if (errno === ERRNO.EAGAIN || errno === ERRNO.ENOBUFS) this.#states.clear(fd, WRITABLE);
    else if (errno !== ERRNO.EINTR) {
      this.#end(fd, errno);
      return false;
    }
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
    const peer = this.#at(this.#peer, fd);
    const session = this.#at(this.#session, fd);
    for (const socket of [fd, peer]) {
      this.#leave(socket);
      this.#libc.close(socket);
    }
    this.#outside[session] = -1;
    this.#onEnded(session, errno);
  }

  /** Takes everything out of the direction of `fd` that its destination did not get. */
  #takeUnsent(fd: number): Uint8Array | null {
    const head = this.#unsent[fd] ?? new Uint8Array(0);
    const pipe = this.#pipe[fd];
    const piped = this.#at(this.#piped, fd);
    const all = new Uint8Array(head.length + piped);
    all.set(head);
    for (let at = head.length; pipe && at < all.length;) {
      const count = this.#libc.read(pipe.readFd, all.subarray(at), all.length - at);
      // Nobody else reads the pipe, so all that was put in is there.
      if (count > 0) at += count;
      else if (this.#libc.errno() !== ERRNO.EINTR) throw new Error("Cannot empty a pipe");
    }
    this.#piped[fd] = 0;
    return all.length === 0 ? null : all;
  }

  #enter(
    session: number,
    { fd, peer, state }: { readonly fd: number; readonly peer: number; readonly state: number },
  ): void {
    this.#states.set(fd, state);
    this.#peer[fd] = peer;
    this.#session[fd] = session;
    this.#fullReads[fd] = 0;
    this.#piped[fd] = 0;
    this.#pipe[fd] = null;
    this.#unsent[fd] = null;
  }

  #leave(fd: number): void {
    this.#releasePipe(fd);
    this.#states.clear(fd, 0xff);
    this.#session[fd] = -1;
    this.#unsent[fd] = null;
    // A stale event of this socket must not find whoever has the descriptor next.
    this.#tag[fd] = (this.#at(this.#tag, fd) + 1) & 0x0fffffff;
  }

  #releasePipe(fd: number): void {
    const pipe = this.#pipe[fd];
    if (!pipe) return;
    this.#pipes?.giveBack(pipe, this.#at(this.#piped, fd) === 0);
    this.#pipe[fd] = null;
  }

  #register(fd: number): number {
    const tag = this.#at(this.#tag, fd);
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

  #grow(count: number): void {
    if (count <= this.#states.length) return;
    const size = Math.max(1_024, 2 ** Math.ceil(Math.log2(count)));
    const wider = <T extends Int32Array | Uint8Array>(into: T, old: T): T => {
      into.set(old);
      return into;
    };
    this.#states.grow(size);
    this.#fullReads = wider(new Uint8Array(size), this.#fullReads);
    this.#peer = wider(new Int32Array(size), this.#peer);
    this.#session = wider(new Int32Array(size).fill(-1), this.#session);
    this.#tag = wider(new Int32Array(size), this.#tag);
    this.#piped = wider(new Int32Array(size), this.#piped);
    while (this.#pipe.length < size) {
      this.#pipe.push(null);
      this.#unsent.push(null);
    }
  }

  /** Reads a table; what is beyond its end does not occur. */
  #at(table: Int32Array | Uint8Array, index: number): number {
    return table[index] ?? -1;
  }
}
