/**
 * A libc whose calls go wrong as a kernel's do, only more often.
 *
 * @module
 */

import { ERRNO } from "../../../src/forward/linux/native/errno.ts";
import type { Libc } from "../../../src/forward/linux/native/libc.ts";
import { Dice } from "./dice.ts";
import { Edges } from "./edges.ts";
import type { FaultPlan, Mishap } from "./mishaps.ts";

/**
 * `libc` with the mishaps of `plan`, for one thread.
 *
 * A call that claims to have found a socket empty or full while it is not leaves whoever waits for
 * the next edge without one: no edge follows what has not changed. A kernel would send one, so here
 * the descriptor is registered anew, which makes epoll look again (epoll_ctl(2), `EPOLL_CTL_MOD`).
 * The same goes for a read that was cut short.
 */
export function withFaults(libc: Libc, plan: FaultPlan): Libc {
  const faults = new Faults(libc, plan);
  const others = Object.entries(libc).map(([name, call]) =>
    [
      name,
      (...parameters: unknown[]) =>
        faults.fails(name as Mishap["call"]) ? -1 : Reflect.apply(call, undefined, parameters),
    ] as const
  );
  return {
    ...Object.fromEntries(others) as unknown as Libc,
    errno: () => faults.failure || libc.errno(),
    ...movingCalls(libc, faults),
    ...descriptorCalls(libc, faults),
    ...epollCalls(libc, faults),
  };
}

/** What happens to the calls of a thread. */
class Faults {
  readonly dice: Dice;
  readonly edges: Edges;
  /** What the last call was made to fail with, or 0. */
  failure = 0;

  constructor(libc: Libc, plan: FaultPlan) {
    this.dice = new Dice(plan);
    this.edges = new Edges(libc);
  }

  /** Whether the call fails. */
  fails(call: Mishap["call"]): boolean {
    this.failure = this.dice.errno(call);
    return this.failure !== 0;
  }

  /** Makes a call that says how many bytes of `length` it moved, which waits for `fd` if none. */
  move(
    call: Mishap["call"],
    { fd, length }: { readonly fd: number; readonly length: number },
    move: (length: number) => number,
  ): number {
    if (this.fails(call)) {
      if (this.failure === ERRNO.EAGAIN) this.edges.renew(fd);
      return -1;
    }
    const part = this.dice.part(call, length);
    const count = move(part);
    if (part < length && count === part) this.edges.renew(fd);
    return count;
  }
}

type MovingCall = "recv" | "send" | "splice" | "recvmmsg" | "sendmmsg";

function movingCalls(libc: Libc, faults: Faults): Pick<Libc, MovingCall> {
  return {
    recvmmsg(fd, messages, count, flags, timeout) {
      if (faults.fails("recvmmsg")) return -1;
      return libc.recvmmsg(fd, messages, faults.dice.part("recvmmsg", count), flags, timeout);
    },
    sendmmsg(fd, messages, count, flags) {
      if (faults.fails("sendmmsg")) return -1;
      return libc.sendmmsg(fd, messages, faults.dice.part("sendmmsg", count), flags);
    },
    recv: (fd, buffer, length, flags) =>
      faults.move("recv", { fd, length }, (part) => libc.recv(fd, buffer, part, flags)),
    send: (fd, buffer, length, flags) =>
      faults.move("send", { fd, length }, (part) => libc.send(fd, buffer, part, flags)),
    splice(input, inAt, output, outAt, length, flags) {
      const fd = faults.edges.has(input) ? input : output;
      const result = faults.move(
        "splice",
        { fd, length },
        (part) => libc.splice(input, inAt, output, outAt, part, flags),
      );
      // Nothing that can be spliced from a pipe is refused once something went into it.
      if (faults.failure === ERRNO.EINVAL && fd === output) faults.failure = ERRNO.EINTR;
      return result;
    },
  };
}

type DescriptorCall = "accept4" | "pipe2" | "fcntl" | "read" | "close";

function descriptorCalls(libc: Libc, faults: Faults): Pick<Libc, DescriptorCall> {
  return {
    accept4(fd, address, length, flags) {
      if (!faults.fails("accept4")) return libc.accept4(fd, address, length, flags);
      if (faults.failure === ERRNO.EAGAIN) faults.edges.renew(fd);
      return -1;
    },
    pipe2: (fds, flags) => faults.fails("pipe2") ? -1 : libc.pipe2(fds, flags),
    fcntl: (fd, command, argument) =>
      faults.fails("fcntl") ? -1 : libc.fcntl(fd, command, argument),
    read: (fd, buffer, length) => faults.fails("read") ? -1 : libc.read(fd, buffer, length),
    close(fd) {
      faults.edges.forget(fd);
      // Closed all the same (close(2)).
      const result = libc.close(fd);
      return faults.fails("close") ? -1 : result;
    },
  };
}

function epollCalls(libc: Libc, faults: Faults): Pick<Libc, "epoll_ctl" | "epoll_wait"> {
  return {
    epoll_ctl(epoll, operation, fd, event) {
      if (faults.fails("epoll_ctl")) return -1;
      faults.edges.note(epoll, fd, event as Int32Array<ArrayBuffer>);
      return libc.epoll_ctl(epoll, operation, fd, event);
    },
    epoll_wait(epoll, events, count, timeoutMs) {
      if (faults.fails("epoll_wait")) return -1;
      return libc.epoll_wait(epoll, events, faults.dice.part("epoll_wait", count), timeoutMs);
    },
  };
}
