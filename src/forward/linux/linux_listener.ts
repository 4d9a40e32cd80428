/**
 * Listening sockets of the Linux engine, as the main thread has them.
 *
 * @module
 */

import type { Endpoint, FastPath, FastPathPlan, Listener, Socket } from "../portable/net.ts";
import { type Accepting as Share, openFastPath } from "./fast_path.ts";
import {
  isIpv6,
  LinuxSocket,
  localAddress,
  openStream,
  type SocketContext,
} from "./linux_socket.ts";
import { SOCKET } from "./native/abi.ts";
import { ERRNO, SystemError } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import { decodeSockaddr, encodeSockaddr } from "./native/sockaddr.ts";
import { disableNagle } from "./tcp_options.ts";
import type { AcceptSink, WorkerLink } from "./worker_link.ts";

/** A listening socket, which all Workers accept on: the kernel wakes one that is idle. */
export class LinuxListener implements Listener {
  readonly addr: Endpoint;
  readonly #libc: Libc;
  readonly #contexts: readonly SocketContext[];
  readonly fd: number;
  readonly #onLeave: () => void;
  /** The Workers, which get the socket when it is first needed. */
  #shares: readonly Share[] | null = null;
  #leaving = 0;
  readonly #accepted: LinuxSocket[] = [];
  readonly #failures: { readonly errno: number; readonly share: Share }[] = [];
  readonly #paused = new Set<Share>();
  #accepting: PromiseWithResolvers<Socket> | null = null;
  #isClosing = false;
  /** Whether the Workers let go of the socket, or have. */
  #isLeaving = false;
  #isClosed = false;

  /**
   * @param fd a listening socket, the listener's from now on
   * @param onLeave called once, when nothing is to be accepted any more
   */
  constructor(fd: number, contexts: readonly SocketContext[], onLeave: () => void) {
    const [first] = contexts;
    if (first === undefined) throw new RangeError("An engine needs a Worker");
    this.#contexts = contexts;
    this.#libc = first.libc;
    this.fd = fd;
    this.#onLeave = onLeave;
    this.addr = localAddress(fd, this.#libc);
  }

  accept(): Promise<Socket> {
    this.#accepting = Promise.withResolvers<Socket>();
    const { promise } = this.#accepting;
    if (!this.#isLeaving) this.#share();
    for (const { context, listener } of this.#paused) context.link.resume(listener);
    this.#paused.clear();
    this.#settle();
    return promise;
  }

  fastPath(plan: FastPathPlan): FastPath | null {
    return this.#isLeaving ? null : openFastPath(plan, this.#share());
  }

  retire(): void {
    this.#leave((link, listener) => link.retire(listener));
  }

  [Symbol.dispose](): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    for (const socket of this.#accepted.splice(0)) socket[Symbol.dispose]();
    this.#leave((link, listener) => link.unlisten(listener));
  }

  #leave(tell: (link: WorkerLink, listener: number) => void): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#onLeave();
    const shares = this.#shares ?? [];
    this.#leaving = shares.length;
    for (const { context, listener } of shares) tell(context.link, listener);
    // Closed at once where no Worker has it: a range that can't be had whole is free again then.
    if (shares.length === 0) this.#close();
  }

  #share(): readonly Share[] {
    return this.#shares ??= this.#contexts.map((context) => {
      const share: Share = {
        context,
        listener: context.link.listen(this.fd, this.#sinkOf(() => share)),
      };
      return share;
    });
  }

  #sinkOf(share: () => Share): AcceptSink {
    return {
      accepted: (fd, address) => {
        const socket = new LinuxSocket(fd, decodeSockaddr(address), share().context);
        if (this.#isClosing) return socket[Symbol.dispose]();
        this.#accepted.push(socket);
        this.#settle();
      },
      acceptFailed: (errno) => {
        this.#failures.push({ errno, share: share() });
        this.#settle();
      },
      closed: () => this.#left(),
    };
  }

  /** One more Worker has let go of the socket. */
  #left(): void {
    this.#leaving -= 1;
    if (this.#leaving === 0) this.#close();
  }

  #close(): void {
    this.#isClosed = true;
    this.#libc.close(this.fd);
    this.#settle();
  }

  #settle(): void {
    if (this.#accepting === null) return;
    const { resolve, reject } = this.#accepting;
    const socket = this.#accepted.shift();
    // What fails while it leaves is in the queue still, and somebody else's.
    const failure = socket === undefined && !this.#isLeaving ? this.#failures.shift() : undefined;
    if (socket === undefined && failure === undefined && !this.#isClosed) return;
    this.#accepting = null;
    if (socket !== undefined) return resolve(socket);
    if (failure !== undefined) this.#paused.add(failure.share);
    reject(new SystemError(failure?.errno ?? ERRNO.EBADF));
  }
}

/** A socket that listens at `endpoint`. @throws {SystemError} when the address can't be had */
export function listenStream(endpoint: Endpoint, backlog: number, libc: Libc): number {
  const fd = bindStream(endpoint, libc);
  disableNagle(fd, libc);
  if (libc.listen(fd, backlog) !== 0) throw closing(fd, libc);
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
