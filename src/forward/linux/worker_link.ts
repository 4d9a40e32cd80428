/**
 * The main thread's end of a Worker: commands go in, what happened comes out.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { Commands } from "./commands.ts";
import { FILE } from "./native/abi.ts";
import { SystemError } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import { PathCounts } from "./path_counts.ts";
import { bytesOf, define, PathRegistry, type PathSink, type PathTotals } from "./path_registry.ts";
import { COMMAND, EVENT, MAIN_IS_CALLED, NO_PATH, type Start, WORKER_GONE } from "./protocol.ts";
import type { MeterCalls } from "./meters.ts";
import { type Message, RECORD_WORDS, Ring } from "./ring.ts";
import type { Pair } from "./sessions.ts";
import { SESSIONS_MAX, Tallies, type Tally } from "./tallies.ts";
import { UdpCounts } from "./udp_counts.ts";
import { isAboutUdp, UdpLink } from "./udp_link.ts";

/** How long to wait before a Worker is tried again that has never done anything. */
const RETRY_MS = 500;

/** Tokens of watches wrap around here: they stand in the tag of an event. */
const TOKENS = 1 << 28;

/** Who a Worker accepts for. */
export interface AcceptSink {
  /** A connection from the peer in `address`, a `struct sockaddr`. */
  accepted(fd: number, address: Uint8Array<ArrayBuffer>): void;
  acceptFailed(errno: number): void;
  /** The Worker accepts no more, as asked. */
  closed(): void;
}

interface Listening {
  readonly fd: number;
  readonly sink: AcceptSink;
  path: number;
}

/** A session of a Worker. */
export interface SessionSink {
  /** Its sockets and meters. */
  readonly pair: Pair;
  /** Both sockets are closed. */
  finished(errno: number): void;
}

export interface WorkerLinkOptions {
  readonly libc: Libc;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly splice: boolean;
  /** The memory of the meters, and who hears of them. */
  readonly meters: MeterCalls & { readonly memory: SharedArrayBuffer };
  /** @default a Worker that runs `linux_worker.ts` */
  readonly spawn?: () => Worker;
}

const spawnWorker = (): Worker =>
  new Worker(new URL("./linux_worker.ts", import.meta.url), { type: "module" });

/**
 * Listeners, watches and sessions of one Worker. When the Worker crashes, its sessions are gone; it
 * is started again, and the listeners, whose sockets stayed open all along, go on.
 */
export class WorkerLink {
  /** What is about UDP. */
  readonly udp: UdpLink;
  readonly #libc: Libc;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #splice: boolean;
  readonly #meters: SharedArrayBuffer;
  readonly #calls: MeterCalls;
  readonly #create: () => Worker;
  readonly #wakeFd: number;
  readonly #record = new Int32Array(RECORD_WORDS);
  readonly #listeners = new Map<number, Listening>();
  readonly #paths: PathRegistry;
  readonly #watches = new Map<number, { readonly fd: number; readonly ready: () => void }>();
  readonly #sessions = new Map<number, SessionSink>();
  readonly #freeSessions: number[] = [];
  readonly #stopped = Promise.withResolvers<void>();
  /** Whether anything came from the Worker since it was started. */
  #hasSpoken = false;
  #retry: Disposable | null = null;
  #start: Start;
  readonly #commands: Commands;
  #events: Ring;
  #tallies: Tallies;
  #sleeping: Int32Array;
  #nextListener = 0;
  #nextToken = 0;

  constructor({ libc, logger, clock, splice, meters, spawn = spawnWorker }: WorkerLinkOptions) {
    this.#libc = libc;
    this.#logger = logger;
    this.#clock = clock;
    this.#splice = splice;
    this.#meters = meters.memory;
    this.#calls = meters;
    this.#create = spawn;
    this.#wakeFd = libc.eventfd(0, FILE.NONBLOCK | FILE.CLOEXEC);
    if (this.#wakeFd < 0) throw new SystemError(libc.errno());
    this.#start = this.#allocate();
    this.#commands = new Commands(libc, this.#start);
    this.#events = new Ring(this.#start.events);
    this.#tallies = new Tallies(this.#start.tallies);
    this.#sleeping = new Int32Array(this.#start.sleeping);
    const send = (command: Message) => this.#commands.send(command);
    this.udp = new UdpLink({ libc, send, start: this.#start.udp });
    this.#paths = new PathRegistry(this.#start.tallies, this.#start.pathCounts);
    this.#spawn();
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Accepts on `fd`, until `unlisten`. @returns the number of the listener */
  listen(fd: number, sink: AcceptSink): number {
    const listener = this.#nextListener++;
    this.#listeners.set(listener, { fd, sink, path: NO_PATH });
    this.#commands.send([COMMAND.listen, listener, fd]);
    return listener;
  }

  /** Accepts again after a failure. */
  resume(listener: number): void {
    this.#commands.send([COMMAND.resume, listener]);
  }

  /** Accepts no more, and tells the sink when that is so. */
  unlisten(listener: number): void {
    this.#commands.send([COMMAND.unlisten, listener]);
  }

  /** Accepts what is there already, then no more, and tells the sink when that is so. */
  retire(listener: number): void {
    this.#commands.send([COMMAND.retire, listener]);
  }

  /** Adds a path that connections can be directed to. `null`: there are too many. */
  addPath(sink: PathSink): number | null {
    const path = this.#paths.add(sink);
    if (path !== null) this.#commands.send(define(path, sink));
    return path;
  }

  /** Sends what a listener accepts along `path`; to its sink for {@linkcode NO_PATH}. */
  direct(listener: number, path: number): void {
    const listening = this.#listeners.get(listener);
    if (listening === undefined) return;
    listening.path = path;
    this.#commands.send([COMMAND.direct, listener, path]);
  }

  /** Ends the connections of a path. */
  cutPath(path: number): void {
    this.#commands.send([COMMAND.cutPath, path]);
  }

  /**
   * Directs nothing from `listener` along `path` any more. The path's sink is told when its last
   * connection has ended.
   */
  leavePath(listener: number, path: number): void {
    if (this.#listeners.get(listener)?.path === path) this.direct(listener, NO_PATH);
    this.#paths.closing(path);
    this.#commands.send([COMMAND.closePath, path]);
  }

  /** What went along a path; not once it is closed. */
  pathTotals(path: number): PathTotals {
    return this.#paths.totals(path);
  }

  /** Calls `ready` once when one of `events` is there. @returns a token */
  watch(fd: number, events: number, ready: () => void): number {
    const token = this.#nextToken;
    this.#nextToken = (token + 1) % TOKENS;
    this.#watches.set(token, { fd, ready });
    this.#commands.send([COMMAND.watch, fd, token, events]);
    return token;
  }

  /** Forgets a watch. */
  unwatch(token: number): void {
    this.#watches.delete(token);
  }

  /** Whether there can be another session. */
  get hasRoom(): boolean {
    return this.#sessions.size < SESSIONS_MAX;
  }

  /** Relays between two sockets, which are the Worker's until the end. @returns its number */
  relay(sink: SessionSink): number {
    const session = this.#freeSessions.pop() ?? this.#sessions.size;
    this.#sessions.set(session, sink);
    // Here, because it may be read before the Worker knows of it: a number is used again.
    this.#tallies.reset(session);
    const { outside, target, rule, owner } = sink.pair;
    this.#commands.send([COMMAND.relay, session, outside, target, rule, owner]);
    return session;
  }

  cut(session: number): void {
    this.#commands.send([COMMAND.cut, session]);
  }

  /** Who waits for tokens may find some. */
  refilled(): void {
    this.#commands.send([COMMAND.refilled]);
  }

  /** What a session has moved since it began. Only while it runs, and when it is told to have ended. */
  read(session: number, into: Tally): void {
    this.#tallies.read(session, into);
  }

  /** Hears of what the Worker has said until now, without being called. */
  hear(): void {
    while (this.#events.shift(this.#record)) this.#happened(this.#record);
  }

  /** Ends the Worker, and every session that is left. */
  async stop(): Promise<void> {
    this.#commands.send([COMMAND.stop]);
    if (this.#retry !== null) {
      this.#retry[Symbol.dispose]();
      this.#stopped.resolve();
    }
    await this.#stopped.promise;
    this.#libc.close(this.#wakeFd);
  }

  #allocate(): Start {
    return {
      commands: Ring.allocate(),
      events: Ring.allocate(),
      tallies: Tallies.allocate(),
      meters: this.#meters,
      udp: { ...UdpCounts.allocate(), seed: this.#seed() },
      pathCounts: PathCounts.allocate(),
      sleeping: new SharedArrayBuffer(8),
      wakeFd: this.#wakeFd,
      splice: this.#splice,
    };
  }

  /** Who could guess it could make all flows hard to find. */
  #seed(): number {
    return crypto.getRandomValues(new Int32Array(1))[0] ?? 0;
  }

  #spawn(): void {
    const worker = this.#create();
    worker.onmessage = () => {
      this.#hasSpoken = true;
      // Before the events are read: what comes after this calls again.
      Atomics.store(this.#sleeping, MAIN_IS_CALLED, 0);
      this.hear();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      this.#restart(event.message);
    };
    worker.postMessage(this.#start);
  }

  #happened(record: Int32Array): void {
    const [kind = 0, a = 0, b = 0] = record;
    switch (kind) {
      case EVENT.accepted: {
        const bytes = bytesOf(record.subarray(3));
        const listener = this.#listeners.get(a);
        if (listener === undefined) this.#libc.close(b);
        else listener.sink.accepted(b, bytes);
        return;
      }
      case EVENT.acceptFailed:
        return this.#listeners.get(a)?.sink.acceptFailed(b);
      case EVENT.unlistened: {
        const listener = this.#listeners.get(a);
        this.#listeners.delete(a);
        return listener?.sink.closed();
      }
      case EVENT.ready: {
        const watch = this.#watches.get(a);
        this.#watches.delete(a);
        return watch?.ready();
      }
      case EVENT.ended:
        return this.#end(a, b);
      case EVENT.handedOver:
        return this.#paths.handedOver(a, record);
      case EVENT.pathEnded:
        return this.#paths.ended(a, record);
      case EVENT.pathClosed:
        return this.#paths.closed(a);
      case EVENT.spending:
        return this.#calls.spending(a);
      case EVENT.low:
        return this.#calls.low(a);
      case EVENT.stopped:
        return this.#stopped.resolve();
      case EVENT.started:
        return;
      case EVENT.room:
        this.#commands.sendRest();
        return;
      default:
        return this.udp.happened(this.#record);
    }
  }

  #end(session: number, errno: number): void {
    const sink = this.#sessions.get(session);
    if (sink === undefined) return;
    sink.finished(errno);
    this.#sessions.delete(session);
    this.#freeSessions.push(session);
  }

  /** The Worker has closed the sockets of its sessions on its way out; everything else goes on. */
  #restart(reason: string): void {
    this.#logger.error("forward.worker_crashed", { error: reason, sessions: this.#sessions.size });
    // What it said last still counts, and closed listeners are not to come back.
    this.hear();
    const unread = this.#commands.takeUnread();
    this.#start = this.#allocate();
    const datagrams = this.udp.restart(unread, this.#start.udp);
    this.#commands.restart(this.#start);
    this.#events = new Ring(this.#start.events);
    this.#tallies = new Tallies(this.#start.tallies);
    this.#sleeping = new Int32Array(this.#start.sleeping);
    const starting = new Set<number>();
    const listening = new Set<number>();
    const watching = new Set<number>();
    for (const [kind, a = 0, b = 0] of unread) {
      if (kind === COMMAND.relay) starting.add(a);
      if (kind === COMMAND.listen) listening.add(a);
      if (kind === COMMAND.watch) watching.add(b);
    }
    for (const session of [...this.#sessions.keys()]) {
      if (!starting.has(session)) this.#end(session, WORKER_GONE);
    }
    this.#respawn();
    for (const command of this.#paths.restart(this.#start.tallies, this.#start.pathCounts)) {
      this.#commands.send(command);
    }
    for (const [listener, { fd, path }] of this.#listeners) {
      if (!listening.has(listener)) this.#commands.send([COMMAND.listen, listener, fd]);
      if (!listening.has(listener)) this.#commands.send([COMMAND.direct, listener, path]);
    }
    // Whoever waits tries again, and waits again if need be.
    for (const [token, { ready }] of [...this.#watches]) {
      if (watching.has(token)) continue;
      this.#watches.delete(token);
      ready();
    }
    for (const command of unread) if (!isAboutUdp(command)) this.#commands.send(command);
    for (const command of datagrams) this.#commands.send(command);
  }

  /** At once, unless the last one did not even start: then the next may not either. */
  #respawn(): void {
    if (this.#hasSpoken) {
      this.#hasSpoken = false;
      return this.#spawn();
    }
    this.#retry = this.#clock.timer(RETRY_MS, () => {
      this.#retry = null;
      this.#spawn();
    });
  }
}
