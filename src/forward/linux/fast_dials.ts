/**
 * Connecting what comes in on a path to the path's target, with nobody asked.
 *
 * @module
 */

import { SOCKET } from "./native/abi.ts";
import { ERRNO } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import type { Path, Paths } from "./paths.ts";
import type { Sessions } from "./sessions.ts";
import { SESSIONS_MAX } from "./tallies.ts";
import { disableNagle } from "./tcp_options.ts";

/** A dial that takes longer is the main thread's, which has the clock that ends it. */
const PATIENCE_MS = 250;

const STREAM = SOCKET.SOCK_STREAM | SOCKET.SOCK_NONBLOCK | SOCKET.SOCK_CLOEXEC;

export class FastDials {
  readonly #libc: Libc;
  readonly #sessions: Sessions;
  readonly #paths: Paths;
  /** Dials under way, by their end, which is the order they began in; some are over already. */
  #pending: { readonly target: number; readonly tag: number; readonly dueMs: number }[] = [];

  constructor(libc: Libc, sessions: Sessions, paths: Paths) {
    this.#libc = libc;
    this.#sessions = sessions;
    this.#paths = paths;
  }

  /** Dials for a connection that came in, whose peer is in the table already. */
  open(number: number, path: Path, outside: number): void {
    this.#paths.began(number);
    const family = path.address[0] ?? 0;
    const target = this.#libc.socket(family, STREAM, 0);
    const errno = target < 0 ? this.#libc.errno() : this.#connect(target, path.address);
    if (errno !== 0 && errno !== ERRNO.EALREADY) {
      if (target >= 0) this.#libc.close(target);
      return this.#paths.handOver(number, outside, { errno, target: -1 });
    }
    const session = SESSIONS_MAX + number;
    const pair = { outside, target, rule: path.rule, owner: path.owner };
    if (errno === 0) {
      this.#paths.connected(number);
      return this.#sessions.start(session, pair);
    }
    const tag = this.#sessions.connect(session, pair);
    if (tag !== null) this.#pending.push({ target, tag, dueMs: performance.now() + PATIENCE_MS });
  }

  /** Milliseconds until a dial takes too long; -1 when none can. */
  get timeoutMs(): number {
    const first = this.#pending[0];
    return first === undefined ? -1 : Math.max(0, Math.ceil(first.dueMs - performance.now()));
  }

  /** Hands over what takes too long. */
  expire(): void {
    if (this.#pending.length === 0) return;
    const now = performance.now();
    const isDue = ({ dueMs }: { dueMs: number }) => dueMs <= now;
    const due = this.#pending.findIndex((dial) => !isDue(dial));
    const over = this.#pending.splice(0, due < 0 ? this.#pending.length : due);
    for (const { target, tag } of over) this.#sessions.giveUp(target, tag);
  }

  /** @returns 0, `EALREADY` while it is under way, or what it failed with */
  #connect(fd: number, address: Uint8Array<ArrayBuffer>): number {
    disableNagle(fd, this.#libc);
    const errno = this.#tryConnect(fd, address);
    // Near targets have answered by now; asking again is cheaper than waiting to be told.
    return errno === ERRNO.EINPROGRESS ? this.#tryConnect(fd, address) : errno;
  }

  #tryConnect(fd: number, address: Uint8Array<ArrayBuffer>): number {
    return this.#libc.connect(fd, address, address.length) === 0 ? 0 : this.#libc.errno();
  }
}
