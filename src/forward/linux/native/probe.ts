import { EPOLL, FILE, SOCKET } from "./abi.ts";
import { ERRNO, SystemError } from "./errno.ts";
import type { Libc } from "./libc.ts";

/** No descriptor has this number. */
const NOWHERE = -1;

/** What the engine is to do. */
export interface ProbeOptions {
  /** Whether it splices. */
  readonly splice: boolean;
}

/**
 * Makes one of everything that the engine is built on, and tries what it does with them on nothing:
 * a filter of system calls (seccomp(2)) or an old kernel shows here, and not in the middle of a
 * connection.
 *
 * @throws {Error} naming the call that is refused
 */
export function probe(libc: Libc, { splice }: ProbeOptions): void {
  const streams = SOCKET.SOCK_STREAM | SOCKET.SOCK_NONBLOCK | SOCKET.SOCK_CLOEXEC;
  const makers = {
    epoll_create1: () => libc.epoll_create1(EPOLL.CLOEXEC),
    eventfd: () => libc.eventfd(0, FILE.NONBLOCK | FILE.CLOEXEC),
    socket: () => libc.socket(SOCKET.AF_INET, streams, 0),
  };
  for (const [name, make] of Object.entries(makers)) {
    const fd = make();
    if (fd < 0) throw refused(name, libc.errno());
    libc.close(fd);
  }
  const calls = { ...callsOnNothing(libc), ...(splice && splicesOnNothing(libc)) };
  for (const [name, call] of Object.entries(calls)) {
    call();
    // Whatever gets as far as to look for the descriptor is not refused.
    if (libc.errno() !== ERRNO.EBADF) throw refused(name, libc.errno());
  }
}

type Calls = Readonly<Record<string, () => number>>;

function splicesOnNothing(libc: Libc): Calls {
  return {
    splice: () => libc.splice(NOWHERE, 0, NOWHERE, 0, 1, FILE.SPLICE_MOVE_NONBLOCK),
    fcntl: () => libc.fcntl(NOWHERE, FILE.F_SETPIPE_SZ, 1),
  };
}

function callsOnNothing(libc: Libc): Calls {
  const memory = new Int32Array(32).fill(4);
  const { SOL_SOCKET, SO_ERROR } = SOCKET;
  return {
    accept4: () => libc.accept4(NOWHERE, memory, memory, 0),
    epoll_ctl: () => libc.epoll_ctl(NOWHERE, EPOLL.CTL_ADD, NOWHERE, memory),
    epoll_wait: () => libc.epoll_wait(NOWHERE, memory, 1, 0),
    recv: () => libc.recv(NOWHERE, memory, 1, 0),
    send: () => libc.send(NOWHERE, memory, 1, 0),
    recvmmsg: () => libc.recvmmsg(NOWHERE, memory, 1, 0, 0),
    sendmmsg: () => libc.sendmmsg(NOWHERE, memory, 1, 0),
    shutdown: () => libc.shutdown(NOWHERE, SOCKET.SHUT_WR),
    getsockopt: () => libc.getsockopt(NOWHERE, SOL_SOCKET, SO_ERROR, memory, memory),
  };
}

function refused(name: string, errno: number): Error {
  return new Error(`${name}: ${new SystemError(errno).message}`);
}
