import type { SocketName } from "../succession.ts";
import type { Libc } from "./native/libc.ts";

/** Listening sockets that came from another process, until a rule wants them. */
export class InheritedSockets {
  readonly #libc: Libc;
  readonly #fds = new Map<string, number>();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  get size(): number {
    return this.#fds.size;
  }

  /** @param fd belongs to this set from now on */
  add(name: SocketName, fd: number): void {
    const key = keyOf(name);
    const other = this.#fds.get(key);
    if (other !== undefined) this.#libc.close(other);
    this.#fds.set(key, fd);
  }

  /** The descriptor of a socket, which is the caller's from now on; `null` when there is none. */
  claim(name: SocketName): number | null {
    const key = keyOf(name);
    const fd = this.#fds.get(key);
    this.#fds.delete(key);
    return fd ?? null;
  }

  /** Closes what nobody claimed. @returns how many those were */
  clear(): number {
    const count = this.#fds.size;
    for (const fd of this.#fds.values()) this.#libc.close(fd);
    this.#fds.clear();
    return count;
  }
}

const keyOf = ({ protocol, hostname, port }: SocketName) => `${protocol} ${hostname} ${port}`;
