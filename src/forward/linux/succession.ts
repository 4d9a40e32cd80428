/**
 * Where processes of this engine meet: a Unix socket that only their user can open, and whose ends
 * ask the kernel who the other is (`SO_PEERCRED`, unix(7)).
 *
 * @module
 */

import type { Succession, SuccessionChannel, SuccessionListener } from "../succession.ts";
import type { InheritedSockets } from "./inherited_sockets.ts";
import { LinuxSocket, type SocketContext } from "./linux_socket.ts";
import { SOCKET } from "./native/abi.ts";
import { ERRNO, SystemError } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import { LinuxSuccessionChannel, type NamedSocket } from "./succession_channel.ts";

const { AF_UNIX, SOCK_SEQPACKET, SOCK_NONBLOCK, SOCK_CLOEXEC, SOL_SOCKET, SO_PEERCRED } = SOCKET;
/** `sun_path` of `struct sockaddr_un`, less its terminating zero. */
const PATH_BYTES_MAX = 107;
const BACKLOG = 4;
const MODE = 0o600;
/** Ends of Unix sockets have no address worth the name. */
const NOWHERE = { hostname: "", port: 0 };

export interface LinuxSuccessionOptions {
  readonly context: SocketContext;
  /** What the engine listens on now. */
  readonly sockets: () => readonly NamedSocket[];
  readonly inherited: InheritedSockets;
}

export class LinuxSuccession implements Succession {
  readonly #options: LinuxSuccessionOptions;
  readonly #libc: Libc;

  constructor(options: LinuxSuccessionOptions) {
    this.#options = options;
    this.#libc = options.context.libc;
  }

  listen(path: string): SuccessionListener {
    this.#removeStale(path);
    const address = encodePath(path);
    const fd = this.#open();
    try {
      this.#check(this.#libc.bind(fd, address, address.length));
      // Before it listens: nobody can connect until then.
      Deno.chmodSync(path, MODE);
      this.#check(this.#libc.listen(fd, BACKLOG));
    } catch (error) {
      this.#libc.close(fd);
      throw error;
    }
    return new Listener(path, this.#socket(fd), this.#options);
  }

  connect(path: string): SuccessionChannel {
    return channelOf(this.#connect(path), this.#options);
  }

  dropUnclaimed(): number {
    return this.#options.inherited.clear();
  }

  /** Removes what a process that was killed left there. */
  #removeStale(path: string): void {
    try {
      this.#libc.close(this.#connect(path));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.errno === ERRNO.ENOENT) return;
      if (error.errno !== ERRNO.ECONNREFUSED) throw error;
      return Deno.removeSync(path);
    }
    throw new Error(`another process serves ${path}`);
  }

  #connect(path: string): number {
    const address = encodePath(path);
    const fd = this.#open();
    try {
      this.#check(this.#libc.connect(fd, address, address.length));
      return fd;
    } catch (error) {
      this.#libc.close(fd);
      throw error;
    }
  }

  #open(): number {
    return this.#check(
      this.#libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
    );
  }

  #socket(fd: number): LinuxSocket {
    return new LinuxSocket(fd, NOWHERE, this.#options.context);
  }

  #check(result: number): number {
    if (result < 0) throw new SystemError(this.#libc.errno());
    return result;
  }
}

class Listener implements SuccessionListener {
  readonly #path: string;
  readonly #socket: LinuxSocket;
  readonly #options: LinuxSuccessionOptions;
  #isDisposed = false;

  constructor(path: string, socket: LinuxSocket, options: LinuxSuccessionOptions) {
    this.#path = path;
    this.#socket = socket;
    this.#options = options;
  }

  async accept(): Promise<SuccessionChannel> {
    const { context: { libc } } = this.#options;
    // Off V8's moving heap.
    const ignored = new Int32Array(32);
    while (true) {
      try {
        const fd = await this.#socket.attempt("read", (listening) => {
          const length = new Int32Array(32).fill(ignored.byteLength);
          return libc.accept4(listening, ignored, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        });
        return channelOf(fd, this.#options);
      } catch (error) {
        if (!isAbout(error, ERRNO.ECONNABORTED)) throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#socket[Symbol.dispose]();
    try {
      Deno.removeSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** @throws {Error} when the other end is another user's; `fd` is closed then */
function channelOf(
  fd: number,
  { context, sockets, inherited }: LinuxSuccessionOptions,
): SuccessionChannel {
  const { libc } = context;
  const socket = new LinuxSocket(fd, NOWHERE, context);
  // struct ucred: process, user, group.
  const peer = new Int32Array(32);
  const length = new Int32Array(32).fill(12);
  const isKnown = libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, length) === 0;
  const [peerPid = 0, uid = -1] = peer;
  if (!isKnown || uid !== libc.geteuid()) {
    socket[Symbol.dispose]();
    throw new Error(`process ${peerPid} is another user's`);
  }
  return new LinuxSuccessionChannel({ socket, peerPid, libc, sockets, inherited });
}

const isAbout = (error: unknown, errno: number): boolean =>
  error instanceof SystemError && error.errno === errno;

function encodePath(path: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(path);
  if (bytes.length > PATH_BYTES_MAX) {
    throw new RangeError(`A path of more than ${PATH_BYTES_MAX} bytes is too long for a socket`);
  }
  const address = new Uint8Array(2 + PATH_BYTES_MAX + 1);
  address[0] = AF_UNIX;
  address.set(bytes, 2);
  return address.subarray(0, 2 + bytes.length + 1);
}
