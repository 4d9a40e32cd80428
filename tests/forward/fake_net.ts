/**
 * Sockets in memory, for the portable engine's unit tests: every failure can be had, and every
 * step waits for the test.
 *
 * @module
 */

import type { Dialing, Endpoint, Listener, Net, Socket } from "../../src/forward/portable/net.ts";

/** What an operation on a closed socket says. */
const closedError = () => new Error("closed");

/** An error as the runtime makes them from an errno. */
export function osError(code: string): Error {
  return Object.assign(new Error(`${code} (os error)`), { code });
}

type Incoming = Uint8Array | Error | null;

/** One end of a connection; the test plays the other. */
export class FakeSocket implements Socket {
  readonly remoteAddr: Endpoint;
  readonly localAddr: Endpoint = { hostname: "::ffff:192.0.2.8", port: 80 };
  /** What was written so far. */
  readonly written: number[] = [];
  /** How many reads were asked for. */
  reads = 0;
  /** How many times the end of the stream was sent. */
  ends = 0;
  noDelay = false;
  isClosed = false;
  /** The most that one write takes. */
  writeMax = Infinity;
  /** Thrown by `setNoDelay` and `closeWrite`, as by a socket whose peer is gone. */
  failure: Error | null = null;
  readonly #closed = Promise.withResolvers<never>();
  readonly #incoming: Incoming[] = [];
  #arrived = Promise.withResolvers<void>();
  #writable: Promise<void> = Promise.resolve();

  constructor(remoteAddr: Endpoint = { hostname: "::ffff:192.0.2.1", port: 4000 }) {
    this.remoteAddr = remoteAddr;
    void this.#closed.promise.catch(() => undefined);
  }

  /** The peer sends: bytes, the end of its stream, or a reset. */
  send(...incoming: Incoming[]): void {
    this.#incoming.push(...incoming);
    this.#arrived.resolve();
  }

  /** Lets writes wait until the returned function is called; with an error they fail then. */
  stall(): (error?: Error) => void {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    void promise.catch(() => undefined);
    this.#writable = promise;
    return (error) => error === undefined ? resolve() : reject(error);
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    this.reads += 1;
    while (this.#incoming.length === 0) {
      this.#arrived = Promise.withResolvers<void>();
      await Promise.race([this.#arrived.promise, this.#closed.promise]);
    }
    if (this.isClosed) throw closedError();
    const next = this.#incoming[0];
    if (next instanceof Error) throw next;
    if (next === null || next === undefined) return null;
    const length = Math.min(next.length, buffer.length);
    buffer.set(next.subarray(0, length));
    if (length < next.length) this.#incoming[0] = next.subarray(length);
    else this.#incoming.shift();
    return length;
  }

  async write(data: Uint8Array): Promise<number> {
    await Promise.race([this.#writable, this.#closed.promise]);
    if (this.isClosed) throw closedError();
    const length = Math.min(data.length, this.writeMax);
    this.written.push(...data.subarray(0, length));
    return length;
  }

  closeWrite(): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    this.ends += 1;
    return Promise.resolve();
  }

  setNoDelay(): void {
    if (this.failure !== null) throw this.failure;
    this.noDelay = true;
  }

  [Symbol.dispose](): void {
    this.isClosed = true;
    this.#closed.reject(closedError());
  }
}

/** A listener whose connections the test makes. */
export class FakeListener implements Listener {
  isClosed = false;
  readonly #queue: (Socket | Error)[] = [];
  #waiting: PromiseWithResolvers<Socket> | null = null;

  constructor(readonly addr: Endpoint) {}

  /** A client connects, or accepting fails. */
  deliver(next: Socket | Error): void {
    this.#queue.push(next);
    this.#settle();
  }

  accept(): Promise<Socket> {
    if (this.isClosed) return Promise.reject(closedError());
    this.#waiting = Promise.withResolvers<Socket>();
    const { promise } = this.#waiting;
    this.#settle();
    return promise;
  }

  [Symbol.dispose](): void {
    this.isClosed = true;
    this.#waiting?.reject(closedError());
  }

  #settle(): void {
    if (this.#waiting === null) return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    if (next instanceof Error) this.#waiting.reject(next);
    else this.#waiting.resolve(next);
    this.#waiting = null;
  }
}

/** A connection attempt that the test decides. */
export class FakeDialing implements Dialing {
  isCancelled = false;
  readonly #outcome = Promise.withResolvers<Socket>();
  readonly socket: Promise<Socket> = this.#outcome.promise;

  constructor(readonly endpoint: Endpoint) {}

  accept(socket: Socket): void {
    this.#outcome.resolve(socket);
  }

  refuse(error: Error = osError("ECONNREFUSED")): void {
    this.#outcome.reject(error);
  }

  /** Leaves the outcome to the test, as the system does when it was quicker. */
  cancel(): void {
    this.isCancelled = true;
  }
}

/** An operating system of the test's making. */
export class FakeNet implements Net {
  readonly listeners: FakeListener[] = [];
  /** Every `listen` call, the failed ones too, as `host port`. */
  readonly listens: string[] = [];
  readonly #dialings: FakeDialing[] = [];
  readonly #failListen: (endpoint: Endpoint) => Error | null;
  readonly #dualStack: boolean;
  #dialed = Promise.withResolvers<void>();

  constructor(options: {
    /** What fails a `listen` call, if anything. */
    readonly failListen?: (endpoint: Endpoint) => Error | null;
    /** Whether a socket bound to `::` takes IPv4 as well. @default true */
    readonly dualStack?: boolean;
  } = {}) {
    this.#failListen = options.failListen ?? (() => null);
    this.#dualStack = options.dualStack ?? true;
  }

  /** The listeners that are not closed. */
  get bound(): FakeListener[] {
    return this.listeners.filter((listener) => !listener.isClosed);
  }

  listen(endpoint: Endpoint): Listener {
    this.listens.push(`${endpoint.hostname} ${endpoint.port}`);
    const error = this.#failListen(endpoint) ?? this.#conflict(endpoint);
    if (error !== null) throw error;
    const port = endpoint.port === 0 ? 40_000 : endpoint.port;
    const listener = new FakeListener({ ...endpoint, port });
    this.listeners.push(listener);
    return listener;
  }

  connect(endpoint: Endpoint): Dialing {
    const dialing = new FakeDialing(endpoint);
    this.#dialings.push(dialing);
    this.#dialed.resolve();
    return dialing;
  }

  /** The next connection attempt, once it is made. */
  async dialing(): Promise<FakeDialing> {
    while (true) {
      const next = this.#dialings.shift();
      if (next !== undefined) return next;
      this.#dialed = Promise.withResolvers<void>();
      await this.#dialed.promise;
    }
  }

  #conflict({ hostname, port }: Endpoint): Error | null {
    const taken = this.bound.some(({ addr }) =>
      addr.port === port && (this.#dualStack || addr.hostname === hostname)
    );
    return taken ? osError("EADDRINUSE") : null;
  }
}
