/**
 * What a Worker does: it waits for commands and for sockets, and never for anything else.
 *
 * @module
 */

import { Epoll, KIND } from "./epoll.ts";
import { FastDials } from "./fast_dials.ts";
import { Listeners } from "./listeners.ts";
import { MeterTaker } from "./meter_taker.ts";
import { Meters } from "./meters.ts";
import { EPOLL } from "./native/abi.ts";
import type { Libc } from "./native/libc.ts";
import { PathCounts } from "./path_counts.ts";
import { Paths } from "./paths.ts";
import { PipePool } from "./pipe_pool.ts";
import { COMMAND, EVENT, MAIN_IS_CALLED, type Start, WAS_CUT, WORKER_SLEEPS } from "./protocol.ts";
import { type Message, RECORD_WORDS, RECORDS, Ring } from "./ring.ts";
import { SessionTable } from "./session_table.ts";
import { type SessionEvents, Sessions } from "./sessions.ts";
import { SESSIONS_MAX, Tallies } from "./tallies.ts";
import { Datagrams } from "./udp_datagrams.ts";

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
  readonly #paths: Paths;
  readonly #dials: FastDials;
  readonly #listeners: Listeners;
  readonly #datagrams: Datagrams;
  readonly #command = new Int32Array(RECORD_WORDS);
  readonly #woken = new Uint8Array(128);
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
    const tell = (message: Message) => this.#tell(message);
    const meters = new MeterTaker(new Meters(start.meters), {
      spending: (meter) => this.#tell([EVENT.spending, meter]),
      low: (meter) => this.#tell([EVENT.low, meter]),
    });
    const table = new SessionTable();
    table.grow(1);
    this.#paths = new Paths({ counts: new PathCounts(start.pathCounts), table, tell });
    this.#sessions = new Sessions({
      libc,
      epoll: this.#epoll,
      table,
      pipes: start.splice ? this.#pipes : null,
      tallies: new Tallies(start.tallies),
      meters,
      events: this.#sessionEvents(),
    });
    this.#dials = new FastDials(libc, this.#sessions, this.#paths);
    this.#listeners = new Listeners({
      libc,
      epoll: this.#epoll,
      table,
      paths: this.#paths,
      dials: this.#dials,
      tell,
      obey: () => this.#obey(),
    });
    this.#datagrams = new Datagrams({
      libc,
      epoll: this.#epoll,
      meters,
      start: start.udp,
      tell,
      tellIfRoom: (message) => this.#tellIfRoom(message),
    });
    this.#epoll.register(this.#wakeFd, EPOLL.IN, { kind: KIND.wake, tag: 0 });
  }

  /** Returns after the command to stop. */
  run(): void {
    this.#tell([EVENT.started]);
    this.#flush();
    while (!this.#isStopped) {
      const count = this.#wait();
      // Before the events: a socket that is ready because of what the main thread's caller did
      // after a command has to find that command done.
      this.#obey();
      for (let i = 0; i < count; i++) this.#handle(i);
      this.#sessions.pump.workOff();
      this.#listeners.workOff();
      this.#dials.expire();
      this.#flush();
    }
  }

  /** Gives back every descriptor that is the Worker's. */
  [Symbol.dispose](): void {
    this.#listeners[Symbol.dispose]();
    this.#sessions[Symbol.dispose]();
    this.#datagrams[Symbol.dispose]();
    this.#pipes[Symbol.dispose]();
    this.#epoll[Symbol.dispose]();
  }

  #wait(): number {
    if (this.#sessions.pump.isBusy || this.#listeners.isBusy) return this.#epoll.wait(0);
    if (this.#overflow.length > 0) return this.#epoll.wait(FULL_RETRY_MS);
    const timeoutMs = this.#dials.timeoutMs;
    // In this order: a command that comes in between is seen here, or wakes the Worker.
    Atomics.store(this.#sleeping, WORKER_SLEEPS, 1);
    const count = this.#epoll.wait(this.#commands.isEmpty ? timeoutMs : 0);
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
        return this.#listeners.ready(tag);
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

  /** A path's sessions have numbers beyond those of the main thread's. */
  #sessionEvents(): SessionEvents {
    return {
      ended: (session, errno, outside) => {
        if (session < SESSIONS_MAX) {
          this.#tell([EVENT.ended, session, errno === WAS_CUT ? 0 : errno]);
        } else this.#paths.ended(session - SESSIONS_MAX, errno, outside);
      },
      connected: (session) => this.#paths.connected(session - SESSIONS_MAX),
      notConnected: (session, outside, dial) =>
        this.#paths.handOver(session - SESSIONS_MAX, outside, dial),
    };
  }

  #obey(): void {
    let taken = 0;
    for (; this.#commands.shift(this.#command); taken++) {
      const [kind = 0, a = 0, b = 0, c = 0, d = 0, e = 0] = this.#command;
      switch (kind) {
        case COMMAND.listen:
          this.#listeners.add(a, b);
          break;
        case COMMAND.unlisten:
          this.#listeners.remove(a);
          break;
        case COMMAND.retire:
          this.#listeners.retire(a);
          break;
        case COMMAND.resume:
          this.#listeners.resume(a);
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
          this.#sessions.pump.refilled();
          break;
        case COMMAND.path:
          this.#paths.define(a, {
            rule: b,
            owner: c,
            tellsEnds: d !== 0,
            address: new Uint8Array(this.#command.slice(6).buffer, 0, e),
          });
          break;
        case COMMAND.direct:
          this.#listeners.direct(a, b);
          break;
        case COMMAND.cutPath:
          this.#sessions.cutAll(SESSIONS_MAX + a);
          break;
        case COMMAND.closePath:
          this.#paths.close(a);
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
