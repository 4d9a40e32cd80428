import { EPOLL, epollEventLayout } from "../../../src/forward/linux/native/abi.ts";
import type { Libc } from "../../../src/forward/linux/native/libc.ts";

/** What each descriptor is registered for. */
export class Edges {
  readonly #libc: Libc;
  readonly #layout = epollEventLayout(Deno.build.arch);
  readonly #registered = new Map<
    number,
    { readonly epoll: number; readonly event: Int32Array<ArrayBuffer> }
  >();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  has(fd: number): boolean {
    return this.#registered.has(fd);
  }

  note(epoll: number, fd: number, event: Int32Array<ArrayBuffer>): void {
    // Longer than what V8 would put on its moving heap.
    const kept = new Int32Array(32);
    kept.set(event.subarray(0, this.#layout.words));
    this.#registered.set(fd, { epoll, event: kept });
  }

  forget(fd: number): void {
    this.#registered.delete(fd);
  }

  /** Has what is there reported once more. Who was told once and no more is not told again. */
  renew(fd: number): void {
    const { epoll, event } = this.#registered.get(fd) ?? {};
    if (epoll === undefined || event === undefined || !((event[0] ?? 0) & EPOLL.ET)) return;
    // What is registered exclusively can't be modified (epoll_ctl(2)).
    const isExclusive = ((event[0] ?? 0) & EPOLL.EXCLUSIVE) !== 0;
    if (isExclusive) this.#libc.epoll_ctl(epoll, EPOLL.CTL_DEL, fd, event);
    const operation = isExclusive ? EPOLL.CTL_ADD : EPOLL.CTL_MOD;
    this.#libc.epoll_ctl(epoll, operation, fd, event);
  }
}
