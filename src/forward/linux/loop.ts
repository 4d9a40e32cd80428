/**
 * What a Worker does: it waits for commands and for sockets, and never for anything else.
 *
 * @module
 */

import { Epoll, KIND } from "./epoll.ts";
import { EPOLL, SOCKET } from "./native/abi.ts";
import { ERRNO } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import { SOCKADDR_BYTES } from "./native/sockaddr.ts";
import { Meters } from "./meters.ts";
import { MeterTaker } from "./meter_taker.ts";
import { PipePool } from "./pipe_pool.ts";
import { COMMAND, EVENT, MAIN_IS_CALLED, type Start, WORKER_SLEEPS } from "./protocol.ts";
import { type Message, RECORD_WORDS, RECORDS, Ring } from "./ring.ts";
import { Sessions } from "./sessions.ts";
import { Tallies } from "./tallies.ts";
import { Datagrams } from "./udp_datagrams.ts";

const ACCEPTS_PER_TURN = 64;
/** How long to wait with events that the main thread has no room for. */
const FULL_RETRY_MS = 1;

export class Loop implements Disposable {
  readonly #libc: Libc;
  readonly #call: () => void;
  readonly #commands: Ring;
  readonly #events: Ring;
  readonly #sleeping: Int32Array;
  readonly #wakeFd: number;
  readonly #epoll: Epoll;
  readonly #pipes: PipePool;
  readonly #sessions: Sessions;
  readonly #datagrams: Datagrams;
  readonly #listeners = new Map<number, number>();
  /** Listeners that may have more connections than one turn took. */
  readonly #accepting = new Set<number>();
  readonly #command = new Int32Array(RECORD_WORDS);
  readonly #woken = new Uint8Array(128);
  /** Address and length, longer than what V8 would put on its moving heap. */
  readonly #peer = new Int32Array(32);
  readonly #peerLength = new Int32Array(32);
  /** Events that the ring has no room for, oldest first. */
  #overflow: Message[] = [];
  #hasNews = false;
  #isStopped = false;

  /** @param call has the main thread look at the events */
  constructor(start: Start, libc: Libc, call: () => void) {
    this.#libc = libc;
    this.#call = call;
    this.#commands = new Ring(start.commands);
    this.#events = new Ring(start.events);
    this.#sleeping = new Int32Array(start.sleeping);
    this.#wakeFd = start.wakeFd;
    this.#epoll = new Epoll(libc);
    this.#pipes = new PipePool(libc);
    const meters = new MeterTaker(new Meters(start.meters), {
      spending: (meter) => this.#tell([EVENT.spending, meter]),
      low: (meter) => this.#tell([EVENT.low, meter]),
    });
    this.#sessions = new Sessions({
      libc,
      epoll: this.#epoll,
      pipes: start.splice ? this.#pipes : null,
      tallies: new Tallies(start.tallies),
      meters,
      onEnded: (session, errno) => this.#tell([EVENT.ended, session, errno]),
    });
    this.#datagrams = new Datagrams({
      libc,
      epoll: this.#epoll,
      meters,
      start: start.udp,
      tell: (message) => this.#tell(message),
      tellIfRoom: (message) => this.#tellIfRoom(message),
    });
    this.#epoll.register(this.#wakeFd, EPOLL.IN, { kind: KIND.wake, tag: 0 });
  }

  /** Returns after the command to stop. */
  run(): void {
    while (!this.#isStopped) {
      const count = this.#wait();
      // Before the events: a socket that is ready because of what the main thread's caller did
      // after a command has to find that command done.
      this.#obey();
      for (let i = 0; i < count; i++) this.#handle(i);
      this.#sessions.workOff();
      for (const listener of this.#accepting) this.#accept(listener);
      this.#flush();
    }
  }

  /** Gives back every descriptor that is the Worker's. */
  [Symbol.dispose](): void {
    this.#sessions[Symbol.dispose]();
    this.#datagrams[Symbol.dispose]();
    this.#pipes[Symbol.dispose]();
    this.#epoll[Symbol.dispose]();
  }

  #wait(): number {
    if (this.#sessions.isBusy || this.#accepting.size > 0) return this.#epoll.wait(0);
    if (this.#overflow.length > 0) return this.#epoll.wait(FULL_RETRY_MS);
    // In this order: a command that comes in between is seen here, or wakes the Worker.
    Atomics.store(this.#sleeping, WORKER_SLEEPS, 1);
    const count = this.#epoll.wait(this.#commands.isEmpty ? -1 : 0);
    Atomics.store(this.#sleeping, WORKER_SLEEPS, 0);
    return count;
  }

  #handle(index: number): void {
    const events = this.#epoll.eventsAt(index);
    const tag = this.#epoll.tagAt(index);
    switch (this.#epoll.kindAt(index)) {
      case KIND.session:
        return this.#sessions.ready(this.#epoll.fdAt(index), tag, events);
      case KIND.listener:
        return this.#accept(tag);
      case KIND.watch:
        return this.#tell([EVENT.ready, tag, events]);
      case KIND.udpListener:
        return this.#datagrams.listenerReady(tag);
      case KIND.udpFlow:
        return this.#datagrams.flowReady(this.#epoll.fdAt(index), tag);
      default:
        this.#libc.read(this.#wakeFd, this.#woken, 8);
    }
  }

  #accept(listener: number): void {
    this.#accepting.delete(listener);
    const fd = this.#listeners.get(listener);
    if (fd === undefined) return;
    const flags = SOCKET.SOCK_NONBLOCK | SOCKET.SOCK_CLOEXEC;
    for (let i = 0; i < ACCEPTS_PER_TURN; i++) {
      this.#peerLength[0] = SOCKADDR_BYTES;
      const accepted = this.#libc.accept4(fd, this.#peer, this.#peerLength, flags);
      if (accepted >= 0) {
        this.#tell([EVENT.accepted, listener, accepted, ...this.#peer.subarray(0, 7)]);
        continue;
      }
      const errno = this.#libc.errno();
      if (errno === ERRNO.EINTR || errno === ERRNO.ECONNABORTED) continue;
      if (errno !== ERRNO.EAGAIN) this.#tell([EVENT.acceptFailed, listener, errno]);
      return;
    }
    this.#accepting.add(listener);
  }

  #obey(): void {
    let taken = 0;
    for (; this.#commands.shift(this.#command); taken++) {
      const [kind = 0, a = 0, b = 0, c = 0, d = 0, e = 0] = this.#command;
      switch (kind) {
        case COMMAND.listen:
          this.#listeners.set(a, b);
          this.#epoll.register(b, EPOLL.IN | EPOLL.ET, { kind: KIND.listener, tag: a });
          break;
        case COMMAND.unlisten:
          this.#unlisten(a);
          break;
        case COMMAND.resume:
          this.#accepting.add(a);
          break;
        case COMMAND.watch:
          this.#watch(a, b, c);
          break;
        case COMMAND.relay:
          this.#sessions.start(a, { outside: b, target: c, rule: d, owner: e });
          break;
        case COMMAND.cut:
          this.#sessions.cut(a);
          break;
        case COMMAND.refilled:
          this.#sessions.refilled();
          break;
        case COMMAND.stop:
          this.#isStopped = true;
          this.#tell([EVENT.stopped]);
          break;
        default:
          if (!this.#datagrams.obey(this.#command)) throw new TypeError(`Not a command: ${kind}`);
      }
    }
    // Whoever found the ring full waits for this: to fill it takes more commands than that.
    if (taken > RECORDS / 2) this.#tell([EVENT.room]);
  }

  #unlisten(listener: number): void {
    const fd = this.#listeners.get(listener);
    if (fd === undefined) return;
    this.#listeners.delete(listener);
    this.#accepting.delete(listener);
    this.#libc.close(fd);
    this.#tell([EVENT.unlistened, listener]);
  }

  #watch(fd: number, token: number, events: number): void {
    const interest = events | EPOLL.ONESHOT;
    const errno = this.#epoll.register(fd, interest, { kind: KIND.watch, tag: token });
    // Whoever watches tries again, and sees for itself what is wrong with the socket.
    if (errno !== 0) this.#tell([EVENT.ready, token, events]);
  }

  #tell(message: Message): void {
    this.#hasNews = true;
    if (this.#overflow.length > 0 || !this.#events.push(message)) this.#overflow.push(message);
  }

  /** Tells what can do without being told. */
  #tellIfRoom(message: Message): void {
    if (this.#overflow.length === 0 && this.#events.push(message)) this.#hasNews = true;
  }

  /** Calls the main thread, once until it comes. */
  #flush(): void {
    if (!this.#hasNews) return;
    const rest = this.#overflow.findIndex((message) => !this.#events.push(message));
    this.#overflow = rest < 0 ? [] : this.#overflow.slice(rest);
    this.#hasNews = this.#overflow.length > 0;
    if (Atomics.exchange(this.#sleeping, MAIN_IS_CALLED, 1) === 0) this.#call();
  }
}
