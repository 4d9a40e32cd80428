/**
 * A libc whose calls go wrong as a kernel's do, only more often.
 *
 * @module
 */

import { ERRNO } from "../../../src/forward/linux/native/errno.ts";
import { EPOLL, epollEventLayout } from "../../../src/forward/linux/native/abi.ts";
import type { Libc } from "../../../src/forward/linux/native/libc.ts";
import { seeded } from "../../kit/seeded.ts";
import type { FaultPlan, Mishap } from "./mishaps.ts";

/** How late a call is at most, in milliseconds. */
const LATE_MAX_MS = 3;

/**
 * `libc` with the mishaps of `plan`, for one thread.
 *
 * A call that claims to have found a socket empty or full while it is not leaves whoever waits for
 * the next edge without one: no edge follows what has not changed. A kernel would send one, so here
 * the descriptor is registered anew, which makes epoll look again (epoll_ctl(2), `EPOLL_CTL_MOD`).
 * The same goes for a read that was cut short.
 */
export function withFaults(libc: Libc, plan: FaultPlan): Libc {
  const dice = new Dice(plan);
  const edges = new Edges(libc);
  let failure = 0;

  /** Whether the call fails, and with what. */
  const fails = (call: Mishap["call"]): boolean => {
    failure = dice.errno(call);
    return failure !== 0;
  };
  /** Makes a call that says how many bytes of `length` it moved, which waits for `fd` if none. */
  const moving = (
    call: "recv" | "send" | "splice",
    { fd, length }: { readonly fd: number; readonly length: number },
    move: (length: number) => number,
  ): number => {
    if (fails(call)) {
      if (failure === ERRNO.EAGAIN) edges.renew(fd);
      return -1;
    }
    const part = dice.part(call, length);
    const count = move(part);
    if (part < length && count === part) edges.renew(fd);
    return count;
  };

  // After any other call, too, errno is what that call left.
  const others = Object.entries(libc).map(([name, call]) =>
    [name, (...parameters: unknown[]) => {
      failure = 0;
      return Reflect.apply(call, undefined, parameters);
    }] as const
  );
  return {
    ...Object.fromEntries(others) as unknown as Libc,
    errno: () => failure || libc.errno(),
    recv: (fd, buffer, length, flags) =>
      moving("recv", { fd, length }, (part) => libc.recv(fd, buffer, part, flags)),
    send: (fd, buffer, length, flags) =>
      moving("send", { fd, length }, (part) => libc.send(fd, buffer, part, flags)),
    splice(input, inAt, output, outAt, length, flags) {
      const fd = edges.has(input) ? input : output;
      const result = moving(
        "splice",
        { fd, length },
        (part) => libc.splice(input, inAt, output, outAt, part, flags),
      );
      // Nothing that can be spliced from a pipe is refused once something went into it.
      if (result < 0 && failure === ERRNO.EINVAL && fd === output) failure = ERRNO.EINTR;
      return result;
    },
    accept4(fd, address, length, flags) {
      if (!fails("accept4")) return libc.accept4(fd, address, length, flags);
      if (failure === ERRNO.EAGAIN) edges.renew(fd);
      return -1;
    },
    pipe2: (fds, flags) => fails("pipe2") ? -1 : libc.pipe2(fds, flags),
    fcntl: (fd, command, argument) => fails("fcntl") ? -1 : libc.fcntl(fd, command, argument),
    read: (fd, buffer, length) => fails("read") ? -1 : libc.read(fd, buffer, length),
    close(fd) {
      edges.forget(fd);
      // Closed all the same (close(2)).
      const result = libc.close(fd);
      return fails("close") ? -1 : result;
    },
    epoll_ctl(epoll, operation, fd, event) {
      if (fails("epoll_ctl")) return -1;
      edges.note(epoll, fd, event as Int32Array<ArrayBuffer>);
      return libc.epoll_ctl(epoll, operation, fd, event);
    },
    epoll_wait: (epoll, events, count, timeoutMs) =>
      fails("epoll_wait")
        ? -1
        : libc.epoll_wait(epoll, events, dice.part("epoll_wait", count), timeoutMs),
  };
}

/** Says what happens to each call. */
class Dice {
  readonly #random: () => number;
  readonly #mishaps = new Map<Mishap["call"], Chance[]>();

  constructor({ seed, mishaps }: FaultPlan) {
    this.#random = seeded(seed);
    for (const mishap of mishaps) {
      const chances = this.#mishaps.get(mishap.call) ?? [];
      chances.push(new Chance(mishap, this.#random));
      this.#mishaps.set(mishap.call, chances);
    }
  }

  /** What `call` fails with, or 0; delays it where that is what happens. */
  errno(call: Mishap["call"]): number {
    for (const chance of this.#mishaps.get(call) ?? []) {
      const { how } = chance.mishap;
      if (how === "short" || !chance.strikes()) continue;
      if (how !== "late") return how;
      delay(Math.ceil(this.#random() * LATE_MAX_MS));
    }
    return 0;
  }

  /** How much of `length` the call is about, at least 1. */
  part(call: Mishap["call"], length: number): number {
    const chance = this.#mishaps.get(call)?.find(({ mishap }) => mishap.how === "short");
    if (length < 2 || !chance?.strikes()) return length;
    // Over all orders of magnitude: a byte is as likely as half of it.
    return Math.max(1, Math.floor(length ** this.#random()));
  }
}

/** The state of a mishap. */
class Chance {
  readonly mishap: Mishap;
  readonly #random: () => number;
  #calls = 0;
  #times = 0;
  #storm = 0;

  constructor(mishap: Mishap, random: () => number) {
    this.mishap = mishap;
    this.#random = random;
  }

  /** Whether it happens now. */
  strikes(): boolean {
    const { chance, storm = 1, after = 0, times = Infinity } = this.mishap;
    if (this.#calls++ < after || this.#times >= times) return false;
    if (this.#storm > 0) this.#storm -= 1;
    else if (this.#random() < chance) this.#storm = Math.floor(this.#random() * storm);
    else return false;
    this.#times += 1;
    return true;
  }
}

/** What each descriptor is registered for. */
class Edges {
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
    this.#libc.epoll_ctl(epoll, EPOLL.CTL_MOD, fd, event);
  }
}

const nothing = new Int32Array(new SharedArrayBuffer(4));

function delay(ms: number): void {
  Atomics.wait(nothing, 0, 0, ms);
}
