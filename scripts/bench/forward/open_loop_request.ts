/**
 * What both threads of `open_loop.ts` know.
 *
 * @module
 */

import { SOCKET } from "../../../src/forward/linux/native/abi.ts";
import type { Libc } from "../../../src/forward/linux/native/libc.ts";

/** What is sent when, in turn over all connections. */
export interface Schedule {
  readonly fds: readonly number[];
  readonly total: number;
  /** Per second. */
  readonly rate: number;
  /** Of the first request, by {@linkcode now}. */
  readonly startAt: number;
}

const TEXT = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
/** Longer than what V8 would put on its moving heap. */
const REQUEST = new Uint8Array(128);
REQUEST.set(TEXT);

/** Milliseconds, the same in all threads. */
export const now = (): number => performance.timeOrigin + performance.now();

export function sendRequest(libc: Libc, fd: number): void {
  const sent = libc.send(fd, REQUEST, TEXT.length, SOCKET.MSG_NOSIGNAL);
  if (sent !== TEXT.length) throw new Error(`Cannot send a request: ${sent}`);
}
