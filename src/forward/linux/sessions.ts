/**
 * Relaying between pairs of connected sockets.
 *
 * @module
 */

import { type Epoll, KIND } from "./epoll.ts";
import { EPOLL, SOCKET } from "./native/abi.ts";
import { ERRNO } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import type { MeterTaker } from "./meter_taker.ts";
import type { PipePool } from "./pipe_pool.ts";
import { WAS_CUT, WORKER_GONE } from "./protocol.ts";
import { Pump } from "./pump.ts";
import type { SessionTable } from "./session_table.ts";
import {
  CONNECTING,
  HUNG_UP,
  OUTSIDE,
  READABLE,
  type SocketStates,
  WRITABLE,
} from "./socket_states.ts";
import { SESSIONS_MAX, type Tallies } from "./tallies.ts";

const INTEREST = EPOLL.IN | EPOLL.OUT | EPOLL.RDHUP | EPOLL.ET;

/** Who is told what becomes of sessions. */
export interface SessionEvents {
  /** Both descriptors are closed; what the table says of `outside` stands until the next session. */
  ended(session: number, errno: number, outside: number): void;
  /** The target took the connection. */
  connected(session: number): void;
  /**
   * The session is over before the target took the connection, and the descriptors are not the
   * Worker's any more: `outside`, and `target` unless it is -1.
   */
  notConnected(
    session: number,
    outside: number,
    dial: { readonly errno: number; readonly target: number },
  ): void;
}

/** Two connected sockets, and the meters of the rule and its owner that bytes between them pass. */
export interface Pair {
  readonly outside: number;
  readonly target: number;
  readonly rule: number;
  readonly owner: number;
}

/** The sessions of a Worker. Each socket is registered once, for all edges. */
export class Sessions implements Disposable {
  readonly #libc: Libc;
  readonly #epoll: Epoll;
  readonly #pump: Pump;
  readonly #events: SessionEvents;
  readonly #optval = new Int32Array(32);
  readonly #optlen = new Int32Array(32).fill(4);
  readonly #outside = new Int32Array(SESSIONS_MAX).fill(-1);
  readonly #table: SessionTable;
  readonly #states: SocketStates;

  /** @param pipes `null` to copy always */
  constructor(
    { libc, epoll, table, pipes, tallies, meters, events }: {
      readonly libc: Libc;
      readonly epoll: Epoll;
      readonly table: SessionTable;
      readonly pipes: PipePool | null;
      readonly tallies: Tallies;
      readonly meters: MeterTaker;
      readonly events: SessionEvents;
    },
  ) {
    this.#libc = libc;
    this.#epoll = epoll;
    this.#table = table;
    this.#states = table.states;
    this.#pump = new Pump({
      libc,
      table,
      pipes,
      tallies,
      meters,
      failed: (fd, errno) => this.#end(fd, errno),
      rearm: (fd) => void this.#register(fd),
    });
    this.#events = events;
  }

  /** What moves the bytes of the sessions. */
  get pump(): Pump {
    return this.#pump;
  }

  /** Relays between two sockets, which are closed with the session. */
  start(session: number, pair: Pair): void {
    this.#enter(session, pair);
    const { outside, target } = pair;
    const errno = this.#register(target) || this.#register(outside);
    if (errno === 0) this.#started(outside, target);
    else this.#end(outside, errno);
  }

  /**
   * Relays as soon as `target`, whose connection is being made, is connected.
   *
   * @returns the tag of the dial, for `giveUp`; `null` when it is over already
   */
  connect(session: number, pair: Pair): number | null {
    this.#enter(session, pair);
    const { outside, target } = pair;
    this.#states.set(target, CONNECTING);
    const errno = this.#register(target);
    if (errno === 0) return this.#at(this.#table.tag, target);
    this.#end(outside, errno);
    return null;
  }

  /** Lets go of both sockets, if the dial is not over. */
  giveUp(target: number, tag: number): void {
    if (this.#at(this.#table.tag, target) !== tag || !this.#states.has(target, CONNECTING)) return;
    this.#epoll.unregister(target);
    this.#letGo(target, { errno: 0, target });
  }

  /** An event of a descriptor that was registered as a session's. */
  ready(fd: number, tag: number, events: number): void {
    if (this.#at(this.#table.tag, fd) !== tag || this.#at(this.#table.session, fd) < 0) return;
    if (this.#states.has(fd, CONNECTING) && !this.#isConnected(fd, events)) return;
    if ((events & EPOLL.ERR) !== 0) return this.#end(fd, this.#socketError(fd));
    let bits = 0;
    if ((events & (EPOLL.IN | EPOLL.RDHUP | EPOLL.HUP)) !== 0) bits |= READABLE;
    if ((events & (EPOLL.RDHUP | EPOLL.HUP)) !== 0) bits |= HUNG_UP;
    if ((events & EPOLL.OUT) !== 0) bits |= WRITABLE;
    this.#states.set(fd, bits);
    const peer = this.#at(this.#table.peer, fd);
    if ((bits & WRITABLE) !== 0) this.#pump.move(peer);
    if ((bits & READABLE) !== 0 && this.#at(this.#table.tag, fd) === tag) this.#pump.move(fd);
  }

  /** Ends a session, if it has not ended already. */
  cut(session: number): void {
    const outside = this.#at(this.#outside, session);
    if (outside >= 0) this.#end(outside, 0);
  }

  /** Ends every session that has this number. */
  cutAll(session: number): void {
    for (let fd = 0; fd < this.#table.session.length; fd++) {
      if (this.#table.session[fd] === session) this.#end(fd, WAS_CUT);
    }
  }

  /** Closes the sockets of every session. */
  [Symbol.dispose](): void {
    for (let fd = 0; fd < this.#table.session.length; fd++) {
      if (this.#at(this.#table.session, fd) >= 0) this.#end(fd, WORKER_GONE);
    }
  }

  /** Both sockets are connected and registered. */
  #started(outside: number, target: number): void {
    if (this.#pump.isExhausted(outside)) this.#pump.endBoth(outside, target);
  }

  /** What the first event of a target that is being connected to means. @returns whether it is */
  #isConnected(fd: number, events: number): boolean {
    const outside = this.#at(this.#table.peer, fd);
    if ((events & (EPOLL.ERR | EPOLL.HUP)) !== 0) {
      const errno = this.#socketError(fd);
      this.#letGo(fd, { errno, target: -1 });
      this.#libc.close(fd);
      return false;
    }
    if ((events & EPOLL.OUT) === 0) return false;
    const session = this.#at(this.#table.session, fd);
    this.#states.clear(fd, CONNECTING);
    this.#events.connected(session);
    const errno = this.#register(outside);
    if (errno === 0) this.#started(outside, fd);
    else this.#end(outside, errno);
    return this.#at(this.#table.session, fd) === session;
  }

  #letGo(target: number, dial: { readonly errno: number; readonly target: number }): void {
    const session = this.#at(this.#table.session, target);
    const outside = this.#at(this.#table.peer, target);
    this.#leave(target);
    this.#leave(outside);
    this.#events.notConnected(session, outside, dial);
  }

  #end(fd: number, errno: number): void {
    const peer = this.#at(this.#table.peer, fd);
    const session = this.#at(this.#table.session, fd);
    const outside = this.#states.has(fd, OUTSIDE) ? fd : peer;
    for (const socket of [fd, peer]) {
      this.#leave(socket);
      this.#libc.close(socket);
    }
    this.#outside[session] = -1;
    this.#events.ended(session, errno, outside);
  }

  #enter(session: number, pair: Pair): void {
    const { outside, target } = pair;
    this.#table.grow(Math.max(outside, target) + 1);
    this.#outside[session] = outside;
    this.#states.set(outside, OUTSIDE);
    this.#enterSocket(session, outside, pair);
    this.#enterSocket(session, target, pair);
  }

  #enterSocket(session: number, fd: number, { outside, target, rule, owner }: Pair): void {
    this.#table.session[fd] = session;
    this.#table.ruleMeter[fd] = rule;
    this.#table.ownerMeter[fd] = owner;
    this.#table.moved[fd] = 0;
    this.#table.peer[fd] = fd === outside ? target : outside;
    this.#table.fullReads[fd] = 0;
    this.#table.piped[fd] = 0;
    this.#table.pipe[fd] = null;
    this.#table.unsent[fd] = null;
  }

  #leave(fd: number): void {
    this.#pump.forget(fd);
    this.#states.clear(fd, ~0);
    this.#table.session[fd] = -1;
    // A stale event of this socket must not find whoever has the descriptor next.
    this.#table.tag[fd] = (this.#at(this.#table.tag, fd) + 1) & 0x0fffffff;
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

  #at(column: Int32Array | Uint8Array, index: number): number {
    return this.#table.at(column, index);
  }
}
