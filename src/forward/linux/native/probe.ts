import { EPOLL, FILE, SOCKET } from "./abi.ts";
import { SystemError } from "./errno.ts";
import type { Libc } from "./libc.ts";

/**
 * Makes one of everything that the engine is built on, and closes it again: a filter of system
 * calls (seccomp(2)) or an old kernel shows here, and not in a Worker that can't start.
 *
 * @throws {Error} naming the call that is refused
 */
export function probe(libc: Libc): void {
  const flags = SOCKET.SOCK_STREAM | SOCKET.SOCK_NONBLOCK | SOCKET.SOCK_CLOEXEC;
  const calls = {
    epoll_create1: () => libc.epoll_create1(EPOLL.CLOEXEC),
    eventfd: () => libc.eventfd(0, FILE.NONBLOCK | FILE.CLOEXEC),
    socket: () => libc.socket(SOCKET.AF_INET, flags, 0),
  };
  for (const [name, call] of Object.entries(calls)) {
    const fd = call();
    if (fd < 0) throw new Error(`${name}: ${new SystemError(libc.errno()).message}`);
    libc.close(fd);
  }
}
