/**
 * Sockets of the Linux engine, as the main thread has them: descriptors, read and written without
 * waiting; a Worker tells when it is worth trying again.
 *
 * @module
 */

import type { Dialing, Endpoint, Listener, Socket } from "../portable/net.ts";
import { EPOLL, SOCKET } from "./native/abi.ts";
import { ERRNO, SystemError } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import { decodeSockaddr, encodeSockaddr, SOCKADDR_BYTES } from "./native/sockaddr.ts";
import type { AcceptSink, WorkerLink } from "./worker_link.ts";

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
    const count = await this.#retry(READING, (fd) => libc.recv(fd, buffer, buffer.length, 0));
    return count === 0 ? null : count;
  }

  write(data: Uint8Array<ArrayBuffer>): Promise<number> {
    const { libc } = this.#context;
    const { MSG_NOSIGNAL } = SOCKET;
    return this.#retry(WRITING, (fd) => libc.send(fd, data, data.length, MSG_NOSIGNAL));
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
    const { IPPROTO_TCP, TCP_NODELAY } = SOCKET;
    const one = new Int32Array(32).fill(1);
    this.#check(
      this.#context.libc.setsockopt(this.#open(), IPPROTO_TCP, TCP_NODELAY, one, 4),
    );
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

  /** Calls until it does not say that it would block. */
  async #retry(events: number, call: (fd: number) => number): Promise<number> {
    while (true) {
      const result = call(this.#open());
      if (result >= 0) return result;
      const errno = this.#context.libc.errno();
      if (errno === ERRNO.EAGAIN || errno === ERRNO.ENOBUFS) await this.#ready(events);
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

/** A listening socket. */
export class LinuxListener implements Listener, AcceptSink {
  readonly addr: Endpoint;
  readonly #context: SocketContext;
  readonly #fd: number;
  /** Its number at the Worker, which gets the socket with the first `accept`. */
  #number: number | null = null;
  readonly #accepted: LinuxSocket[] = [];
  readonly #failures: number[] = [];
  #accepting: PromiseWithResolvers<Socket> | null = null;
  #isPaused = false;
  #isClosing = false;

  /** @throws {SystemError} when the address can't be had */
  constructor(endpoint: Endpoint, backlog: number, context: SocketContext) {
    this.#context = context;
    const { libc } = context;
    this.#fd = bindStream(endpoint, libc);
    if (libc.listen(this.#fd, backlog) !== 0) throw closing(this.#fd, libc);
    this.addr = localAddress(this.#fd, libc);
  }

  accept(): Promise<Socket> {
    this.#accepting = Promise.withResolvers<Socket>();
    const { promise } = this.#accepting;
    const { link } = this.#context;
    this.#number ??= link.listen(this.#fd, this);
    if (this.#isPaused) {
      this.#isPaused = false;
      link.resume(this.#number);
    }
    this.#settle();
    return promise;
  }

  accepted(fd: number, address: Uint8Array<ArrayBuffer>): void {
    const socket = new LinuxSocket(fd, decodeSockaddr(address), this.#context);
    if (this.#isClosing) return socket[Symbol.dispose]();
    this.#accepted.push(socket);
    this.#settle();
  }

  acceptFailed(errno: number): void {
    this.#failures.push(errno);
    this.#settle();
  }

  closed(): void {
    this.#accepting?.reject(new SystemError(ERRNO.EBADF));
    this.#accepting = null;
  }

  [Symbol.dispose](): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    for (const socket of this.#accepted.splice(0)) socket[Symbol.dispose]();
    // Closed at once where nobody else has it: a range that can't be had whole is free again then.
    if (this.#number === null) this.#context.libc.close(this.#fd);
    else this.#context.link.unlisten(this.#number);
  }

  #settle(): void {
    if (this.#accepting === null || this.#isClosing) return;
    const socket = this.#accepted.shift();
    const errno = socket === undefined ? this.#failures.shift() : undefined;
    if (socket === undefined && errno === undefined) return;
    const { resolve, reject } = this.#accepting;
    this.#accepting = null;
    if (socket !== undefined) return resolve(socket);
    this.#isPaused = true;
    reject(new SystemError(errno ?? 0));
  }
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
    try {
      if (errno !== 0) await socket.connected();
      return socket;
    } catch (error) {
      socket[Symbol.dispose]();
      throw error;
    }
  };
  return { socket: dial(), cancel: () => socket?.[Symbol.dispose]() };
}

const isIpv6 = ({ hostname }: Endpoint) => hostname.includes(":");

function openStream(endpoint: Endpoint, libc: Libc): number {
  const fd = libc.socket(isIpv6(endpoint) ? SOCKET.AF_INET6 : SOCKET.AF_INET, STREAM, 0);
  if (fd < 0) throw new SystemError(libc.errno());
  return fd;
}

function bindStream(endpoint: Endpoint, libc: Libc): number {
  const address = encodeSockaddr(endpoint);
  const fd = openStream(endpoint, libc);
  const one = new Int32Array(32).fill(1);
  const { SOL_SOCKET, SO_REUSEADDR, IPPROTO_IPV6, IPV6_V6ONLY } = SOCKET;
  const isBound = libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, 4) === 0 &&
    (!isIpv6(endpoint) || libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, one, 4) === 0) &&
    libc.bind(fd, address, address.length) === 0;
  if (!isBound) throw closing(fd, libc);
  return fd;
}

/** The error of the call that failed, once `fd` is closed. */
function closing(fd: number, libc: Libc): SystemError {
  const error = new SystemError(libc.errno());
  libc.close(fd);
  return error;
}

function localAddress(fd: number, libc: Libc): Endpoint {
  const address = new Uint8Array(128);
  const length = new Int32Array(32).fill(SOCKADDR_BYTES);
  if (libc.getsockname(fd, address, length) !== 0) throw new SystemError(libc.errno());
  return decodeSockaddr(address);
}
