/**
 * An epoll instance, and what its events are about.
 *
 * @module
 */

import { EPOLL, epollEventLayout } from "./native/abi.ts";
import { ERRNO, SystemError } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";

const EVENTS_MAX = 512;
const TAG_BITS = 28;

/** What a descriptor is registered as. */
export const KIND = {
  wake: 0,
  listener: 1,
  watch: 2,
  session: 3,
  udpListener: 4,
  udpFlow: 5,
} as const;

/** Tags wrap around here. */
export const TAG_MASK = (1 << TAG_BITS) - 1;

/**
 * Descriptors are reused the moment they are closed, so an event carries, beside its descriptor, a
 * tag of whoever registered it: who finds another tag ignores the event.
 */
export class Epoll implements Disposable {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #layout = epollEventLayout(Deno.build.arch);
  /** The kernel writes here while `epoll_wait` blocks. It is never replaced, and lives off V8's heap. */
  readonly #events = new Int32Array(EVENTS_MAX * this.#layout.words);
  readonly #event = new Int32Array(this.#layout.words);

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#fd = libc.epoll_create1(EPOLL.CLOEXEC);
    if (this.#fd < 0) throw new SystemError(libc.errno());
  }

  /** Registers `fd`, or changes what it is registered for. @returns 0, or the errno */
  register(fd: number, events: number, { kind, tag }: { kind: number; tag: number }): number {
    const { data } = this.#layout;
    this.#event[0] = events;
    this.#event[data] = fd;
    this.#event[data + 1] = kind << TAG_BITS | tag & TAG_MASK;
    if (this.#libc.epoll_ctl(this.#fd, EPOLL.CTL_ADD, fd, this.#event) === 0) return 0;
    if (this.#libc.errno() !== ERRNO.EEXIST) return this.#libc.errno();
    const isChanged = this.#libc.epoll_ctl(this.#fd, EPOLL.CTL_MOD, fd, this.#event) === 0;
    return isChanged ? 0 : this.#libc.errno();
  }

  /** Forgets `fd`, which stays open. */
  unregister(fd: number): void {
    this.#libc.epoll_ctl(this.#fd, EPOLL.CTL_DEL, fd, this.#event);
  }

  /** Waits for events, without end for -1. @returns how many there are */
  wait(timeoutMs: number): number {
    const count = this.#libc.epoll_wait(this.#fd, this.#events, EVENTS_MAX, timeoutMs);
    if (count >= 0) return count;
    const errno = this.#libc.errno();
    if (errno === ERRNO.EINTR) return 0;
    throw new SystemError(errno);
  }

  eventsAt(index: number): number {
    return this.#events[index * this.#layout.words] ?? 0;
  }

  fdAt(index: number): number {
    return this.#events[index * this.#layout.words + this.#layout.data] ?? -1;
  }

  kindAt(index: number): number {
    return this.#word(index) >>> TAG_BITS;
  }

  tagAt(index: number): number {
    return this.#word(index) & TAG_MASK;
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
  }

  #word(index: number): number {
    return this.#events[index * this.#layout.words + this.#layout.data + 1] ?? 0;
  }
}
