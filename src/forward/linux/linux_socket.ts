/**
 * Sockets of the Linux engine, as the main thread has them: descriptors, read and written without
 * waiting; a Worker tells when it is worth trying again.
 *
 * @module
 */

import type { Dialing, Endpoint, Socket } from "../portable/net.ts";
import { EPOLL, SOCKET } from "./native/abi.ts";
import { ERRNO, SystemError } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import { decodeSockaddr, encodeSockaddr, SOCKADDR_BYTES } from "./native/sockaddr.ts";
import { disableNagle } from "./tcp_options.ts";
import type { WorkerLink } from "./worker_link.ts";

/** What sockets need. */
export interface SocketContext {
  readonly libc: Libc;
  readonly link: WorkerLink;
}

/** Somebody waits for a descriptor. */
interface Wait {
  readonly events: number;
  readonly resolve: () => void;
}

const STREAM = SOCKET.SOCK_STREAM | SOCKET.SOCK_NONBLOCK | SOCKET.SOCK_CLOEXEC;
const READING = EPOLL.IN | EPOLL.RDHUP;
const WRITING = EPOLL.OUT;

/** An open, non-blocking descriptor of a stream socket. */
export class LinuxSocket implements Socket {
  readonly #context: SocketContext;
  readonly #remote: Endpoint;
  #local: Endpoint | null = null;
  #fd: number | null;
  readonly #waits = new Set<Wait>();
  #token: number | null = null;

  /** @param fd belongs to the socket from now on */
  constructor(fd: number, remote: Endpoint, context: SocketContext) {
    this.#fd = fd;
    this.#remote = remote;
    this.#context = context;
  }

  get remoteAddr(): Endpoint {
    return this.#remote;
  }

  get localAddr(): Endpoint {
    return this.#local ??= localAddress(this.#open(), this.#context.libc);
  }

  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const { libc } = this.#context;
    const count = await this.attempt("read", (fd) => libc.recv(fd, buffer, buffer.length, 0));
    return count === 0 ? null : count;
  }

  write(data: Uint8Array<ArrayBuffer>): Promise<number> {
    const { libc } = this.#context;
    const { MSG_NOSIGNAL } = SOCKET;
    return this.attempt("write", (fd) => libc.send(fd, data, data.length, MSG_NOSIGNAL));
  }

  /** Resolves when a connection that is being made is there. @throws {SystemError} */
  async connected(): Promise<void> {
    await this.#ready(WRITING);
    const value = new Int32Array(32);
    const length = new Int32Array(32).fill(4);
    const { SOL_SOCKET, SO_ERROR } = SOCKET;
    this.#check(this.#context.libc.getsockopt(this.#open(), SOL_SOCKET, SO_ERROR, value, length));
    if (value[0]) throw new SystemError(value[0]);
  }

  // deno-lint-ignore require-await -- fails as a promise does
  async closeWrite(): Promise<void> {
    this.#check(this.#context.libc.shutdown(this.#open(), SOCKET.SHUT_WR));
  }

  setNoDelay(): void {
    const { libc } = this.#context;
    if (!disableNagle(this.#open(), libc)) throw new SystemError(libc.errno());
  }

  /** Gives the descriptor away; the socket waits for nothing then. */
  release(): number {
    const fd = this.#open();
    this.localAddr; // Who asks later gets an answer still.
    this.#forget();
    return fd;
  }

  [Symbol.dispose](): void {
    if (this.#fd === null) return;
    this.#context.libc.close(this.#fd);
    this.#forget();
  }

  /**
   * Calls until it does not say that it would block.
   *
   * @returns what `call` did, which is not negative
   * @throws {SystemError} what it failed with, or EBADF once the socket is closed
   */
  async attempt(what: "read" | "write", call: (fd: number) => number): Promise<number> {
    while (true) {
      const result = call(this.#open());
      if (result >= 0) return result;
      const errno = this.#context.libc.errno();
      const wouldBlock = errno === ERRNO.EAGAIN || errno === ERRNO.ENOBUFS;
      if (wouldBlock) await this.#ready(what === "read" ? READING : WRITING);
      else if (errno !== ERRNO.EINTR) throw new SystemError(errno);
    }
  }

  /** Resolves when a call is worth trying, or the socket is closed. */
  #ready(events: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waits.add({ events, resolve });
      this.#watch();
    });
  }

  /** A descriptor has one registration: it is for all that is waited for. */
  #watch(): void {
    const { link } = this.#context;
    if (this.#token !== null) link.unwatch(this.#token);
    const events = [...this.#waits].reduce((all, wait) => all | wait.events, 0);
    this.#token = link.watch(this.#open(), events, () => this.#wake());
  }

  /** Everybody tries: who is too early waits again. */
  #wake(): void {
    this.#token = null;
    const waits = [...this.#waits];
    this.#waits.clear();
    for (const { resolve } of waits) resolve();
  }

  #forget(): void {
    this.#fd = null;
    if (this.#token !== null) this.#context.link.unwatch(this.#token);
    this.#wake();
  }

  #open(): number {
    if (this.#fd === null) throw new SystemError(ERRNO.EBADF);
    return this.#fd;
  }

  #check(result: number): void {
    if (result < 0) throw new SystemError(this.#context.libc.errno());
  }
}

/** Goes on with a connection that is being made, or has failed already. */
export function continueDial(begun: LinuxSocket | SystemError): Dialing {
  if (begun instanceof SystemError) {
    const socket = Promise.reject<Socket>(begun);
    // Whoever takes over looks at it, perhaps only later.
    void socket.catch(() => undefined);
    return { socket, cancel: () => {} };
  }
  const dial = async () => {
    try {
      await begun.connected();
      return begun;
    } catch (error) {
      begun[Symbol.dispose]();
      throw error;
    }
  };
  return { socket: dial(), cancel: () => begun[Symbol.dispose]() };
}

/** Starts to connect to `endpoint`. */
export function dialLinux(endpoint: Endpoint, context: SocketContext): Dialing {
  let socket: LinuxSocket | null = null;
  const dial = async () => {
    const { libc } = context;
    const address = encodeSockaddr(endpoint);
    const fd = openStream(endpoint, libc);
    const tryNow = () => libc.connect(fd, address, address.length) === 0 ? 0 : libc.errno();
    let errno = tryNow();
    // Near targets have answered by now; asking again is cheaper than waiting to be told.
    if (errno === ERRNO.EINPROGRESS) errno = tryNow();
    if (errno !== 0 && errno !== ERRNO.EALREADY) {
      libc.close(fd);
      throw new SystemError(errno);
    }
    socket = new LinuxSocket(fd, endpoint, context);
    return errno === 0 ? socket : await continueDial(socket).socket;
  };
  return { socket: dial(), cancel: () => socket?.[Symbol.dispose]() };
}

export const isIpv6 = ({ hostname }: Endpoint) => hostname.includes(":");

/** @throws {SystemError} when there can't be another socket */
export function openStream(endpoint: Endpoint, libc: Libc): number {
  const fd = libc.socket(isIpv6(endpoint) ? SOCKET.AF_INET6 : SOCKET.AF_INET, STREAM, 0);
  if (fd < 0) throw new SystemError(libc.errno());
  return fd;
}

/** The address that `fd` is bound to. @throws {SystemError} */
export function localAddress(fd: number, libc: Libc): Endpoint {
  const address = new Uint8Array(128);
  const length = new Int32Array(32).fill(SOCKADDR_BYTES);
  if (libc.getsockname(fd, address, length) !== 0) throw new SystemError(libc.errno());
  return decodeSockaddr(address);
}
