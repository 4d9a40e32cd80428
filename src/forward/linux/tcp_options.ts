import { SOCKET } from "./native/abi.ts";
import type { Libc } from "./native/libc.ts";

/** Longer than what V8 would put on its moving heap. */
const ONE = new Int32Array(32).fill(1);

/**
 * Makes small writes go out at once. Connections of a listening socket inherit it (tcp(7)).
 *
 * @returns whether it worked: a socket that died meanwhile refuses
 */
export function disableNagle(fd: number, libc: Libc): boolean {
  const { IPPROTO_TCP, TCP_NODELAY } = SOCKET;
  return libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, ONE, 4) === 0;
}
