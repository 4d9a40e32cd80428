/**
 * Accepting in a Worker.
 *
 * @module
 */

import { type Epoll, KIND } from "./epoll.ts";
import type { FastDials } from "./fast_dials.ts";
import { EPOLL, FILE, SOCKET } from "./native/abi.ts";
import { ERRNO } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import { SOCKADDR_BYTES } from "./native/sockaddr.ts";
import type { Paths } from "./paths.ts";
import { EVENT, NO_PATH } from "./protocol.ts";
import type { Message } from "./ring.ts";
import type { SessionTable } from "./session_table.ts";

const ACCEPTS_PER_TURN = 64;
/** After this many failures in a row, with a pause after each, clients wait no longer. */
const PATIENCE = 3;

interface Listening {
  readonly fd: number;
  /** Where connections go with nobody asked; {@linkcode NO_PATH} to ask the main thread. */
  path: number;
  /** Accepts in a row that failed. */
  failures: number;
  /** Whether it ends when there is nothing more to accept. */
  isRetiring: boolean;
}

export interface ListenersOptions {
  readonly libc: Libc;
  readonly epoll: Epoll;
  readonly table: SessionTable;
  readonly paths: Paths;
  readonly dials: FastDials;
  readonly tell: (message: Message) => void;
  /** Does what the main thread has asked for meanwhile. */
  readonly obey: () => void;
}

/** The listening sockets that a Worker accepts on. They stay the main thread's. */
export class Listeners implements Disposable {
  readonly #options: ListenersOptions;
  readonly #listening = new Map<number, Listening>();
  /** Those that may have more connections than one turn took. */
  readonly #accepting = new Set<number>();
  /** Address and length, longer than what V8 would put on its moving heap. */
  readonly #peer = new Int32Array(32);
  readonly #peerLength = new Int32Array(32);
  /** Kept for when descriptors run out: see `#turnAway`. */
  #reserveFd: number;

  constructor(options: ListenersOptions) {
    this.#options = options;
    this.#reserveFd = this.#reserve();
  }

  /** Whether there is work that no event will bring. */
  get isBusy(): boolean {
    return this.#accepting.size > 0;
  }

  /** Other Workers may have the same socket: each event is for one of them. */
  add(listener: number, fd: number): void {
    this.#listening.set(listener, { fd, path: NO_PATH, failures: 0, isRetiring: false });
    const events = EPOLL.IN | EPOLL.ET | EPOLL.EXCLUSIVE;
    this.#options.epoll.register(fd, events, { kind: KIND.listener, tag: listener });
  }

  /** Accepts no more. */
  remove(listener: number): void {
    const listening = this.#listening.get(listener);
    if (listening === undefined) return;
    this.#listening.delete(listener);
    this.#accepting.delete(listener);
    this.#options.epoll.unregister(listening.fd);
    this.#options.tell([EVENT.unlistened, listener]);
  }

  /**
   * Accepts no more, after what is there. This epoll instance may have been told of connections
   * that, the socket being shared, no other will be told of. What is accepted right now, while this
   * command is obeyed, has to be told of before the end.
   */
  retire(listener: number): void {
    const listening = this.#listening.get(listener);
    if (listening === undefined) return;
    this.#options.epoll.unregister(listening.fd);
    listening.isRetiring = true;
    this.#accepting.add(listener);
  }

  /** Sends what comes in from now on along `path`. */
  direct(listener: number, path: number): void {
    const listening = this.#listening.get(listener);
    if (listening !== undefined) listening.path = path;
  }

  /** Accepts again after a failure. */
  resume(listener: number): void {
    this.#accepting.add(listener);
  }

  /** There are connections. */
  ready(listener: number): void {
    this.#accept(listener);
  }

  workOff(): void {
    for (const listener of this.#accepting) this.#accept(listener);
  }

  [Symbol.dispose](): void {
    if (this.#reserveFd >= 0) this.#options.libc.close(this.#reserveFd);
  }

  #accept(listener: number): void {
    this.#accepting.delete(listener);
    const listening = this.#listening.get(listener);
    if (listening === undefined) return;
    const hasMore = this.#acceptSome(listener, listening);
    if (hasMore) this.#accepting.add(listener);
    else if (listening.isRetiring) this.remove(listener);
  }

  /** @returns whether there may be more */
  #acceptSome(listener: number, listening: Listening): boolean {
    for (let i = 0; i < ACCEPTS_PER_TURN; i++) {
      const accepted = this.#accept4(listening.fd);
      if (accepted >= 0) {
        listening.failures = 0;
        // Whoever changed something before this connection was made expects it to be changed.
        this.#options.obey();
        this.#dispatch(listener, listening, accepted);
        if (this.#listening.get(listener) !== listening) return false;
        continue;
      }
      const errno = this.#options.libc.errno();
      if (errno === ERRNO.EINTR || errno === ERRNO.ECONNABORTED) continue;
      if (errno === ERRNO.EAGAIN) return false;
      listening.failures += 1;
      const isOut = errno === ERRNO.EMFILE || errno === ERRNO.ENFILE;
      if (isOut && listening.failures >= PATIENCE) this.#turnAway(listening.fd);
      this.#options.tell([EVENT.acceptFailed, listener, errno]);
      return false;
    }
    return true;
  }

  #accept4(fd: number): number {
    this.#peerLength[0] = SOCKADDR_BYTES;
    const flags = SOCKET.SOCK_NONBLOCK | SOCKET.SOCK_CLOEXEC;
    return this.#options.libc.accept4(fd, this.#peer, this.#peerLength, flags);
  }

  #dispatch(listener: number, listening: Listening, fd: number): void {
    const { path: number } = listening;
    const { table, paths, dials, tell } = this.#options;
    const path = number === NO_PATH ? undefined : paths.get(number);
    if (path === undefined) {
      return tell([EVENT.accepted, listener, fd, ...this.#peer.subarray(0, 7)]);
    }
    table.grow(fd + 1);
    table.setAddress(fd, this.#peer);
    dials.open(number, path, fd);
  }

  /**
   * Without a descriptor to accept with, clients wait in the backlog. One is kept for when that
   * lasts: who waits now is accepted with it and closed at once, and may try elsewhere.
   */
  #turnAway(fd: number): void {
    const { libc } = this.#options;
    if (this.#reserveFd < 0) return;
    libc.close(this.#reserveFd);
    for (let i = 0; i < ACCEPTS_PER_TURN; i++) {
      const accepted = this.#accept4(fd);
      if (accepted < 0) break;
      libc.close(accepted);
    }
    this.#reserveFd = this.#reserve();
  }

  #reserve(): number {
    return this.#options.libc.eventfd(0, FILE.NONBLOCK | FILE.CLOEXEC);
  }
}
