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
import type { AcceptSink } from "./worker_link.ts";

/** A listening socket, which all Workers accept on: the kernel wakes one that is idle. */
export class LinuxListener implements Listener {
  readonly addr: Endpoint;
  readonly #libc: Libc;
  readonly #contexts: readonly SocketContext[];
  readonly #fd: number;
  /** The Workers, which get the socket when it is first needed. */
  #shares: readonly Share[] | null = null;
  #leaving = 0;
  readonly #accepted: LinuxSocket[] = [];
  readonly #failures: { readonly errno: number; readonly share: Share }[] = [];
  readonly #paused = new Set<Share>();
  #accepting: PromiseWithResolvers<Socket> | null = null;
  #isClosing = false;

  /** @throws {SystemError} when the address can't be had */
  constructor(endpoint: Endpoint, backlog: number, contexts: readonly SocketContext[]) {
    const [first] = contexts;
    if (first === undefined) throw new RangeError("An engine needs a Worker");
    this.#contexts = contexts;
    this.#libc = first.libc;
    this.#fd = bindStream(endpoint, this.#libc);
    disableNagle(this.#fd, this.#libc);
    if (this.#libc.listen(this.#fd, backlog) !== 0) throw closing(this.#fd, this.#libc);
    this.addr = localAddress(this.#fd, this.#libc);
  }

  accept(): Promise<Socket> {
    this.#accepting = Promise.withResolvers<Socket>();
    const { promise } = this.#accepting;
    this.#share();
    for (const { context, listener } of this.#paused) context.link.resume(listener);
    this.#paused.clear();
    this.#settle();
    return promise;
  }

  fastPath(plan: FastPathPlan): FastPath | null {
    return this.#isClosing ? null : openFastPath(plan, this.#share());
  }

  [Symbol.dispose](): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    for (const socket of this.#accepted.splice(0)) socket[Symbol.dispose]();
    const shares = this.#shares ?? [];
    this.#leaving = shares.length;
    for (const { context, listener } of shares) context.link.unlisten(listener);
    // Closed at once where no Worker has it: a range that can't be had whole is free again then.
    if (shares.length === 0) this.#libc.close(this.#fd);
  }

  #share(): readonly Share[] {
    return this.#shares ??= this.#contexts.map((context) => {
      const share: Share = {
        context,
        listener: context.link.listen(this.#fd, this.#sinkOf(() => share)),
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
    if (this.#leaving > 0) return;
    this.#libc.close(this.#fd);
    this.#accepting?.reject(new SystemError(ERRNO.EBADF));
    this.#accepting = null;
  }

  #settle(): void {
    if (this.#accepting === null || this.#isClosing) return;
    const socket = this.#accepted.shift();
    const failure = socket === undefined ? this.#failures.shift() : undefined;
    if (socket === undefined && failure === undefined) return;
    const { resolve, reject } = this.#accepting;
    this.#accepting = null;
    if (socket !== undefined) return resolve(socket);
    if (failure === undefined) return;
    this.#paused.add(failure.share);
    reject(new SystemError(failure.errno));
  }
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
