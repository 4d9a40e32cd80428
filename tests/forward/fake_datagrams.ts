/**
 * UDP in memory, for the portable engine's unit tests: every error can be had, and sending waits
 * where the test says so.
 *
 * @module
 */

import type { Endpoint } from "../../src/forward/portable/net.ts";
import type {
  DatagramEndpoint,
  DatagramNet,
  DatagramSocket,
  Received,
} from "../../src/forward/portable/udp_net.ts";
import { osError } from "./fake_net.ts";

/** An address as sockets tell and take them. */
export function udpEndpoint(hostname: string, port: number): DatagramEndpoint {
  return { transport: "udp", hostname, port };
}

/** A datagram that was sent. */
export interface Sent {
  readonly data: readonly number[];
  readonly to: string;
}

/** A socket whose peers the test plays. */
export class FakeDatagramSocket implements DatagramSocket {
  isClosed = false;
  readonly sent: Sent[] = [];
  /** What the next sends fail with, one each; `null` for one that succeeds. */
  readonly sendErrors: (Error | null)[] = [];
  /** Sends wait for this. */
  writable: Promise<void> | null = null;
  readonly #incoming: (readonly [number[], DatagramEndpoint] | Error)[] = [];
  #waiting: { buffer: Uint8Array; outcome: PromiseWithResolvers<Received> } | null = null;

  constructor(
    readonly addr: Endpoint,
    readonly shared: boolean,
    readonly failSend: (to: DatagramEndpoint) => Error | null,
  ) {}

  /** A datagram comes in, or receiving fails. */
  deliver(data: number[] | Error, from: DatagramEndpoint = udpEndpoint("192.0.2.1", 4_000)): void {
    this.#incoming.push(data instanceof Error ? data : [data, from]);
    this.#settle();
  }

  receive(buffer: Uint8Array<ArrayBuffer>): Promise<Received> {
    if (this.isClosed) return Promise.reject(osError("EINTR"));
    const outcome = Promise.withResolvers<Received>();
    this.#waiting = { buffer, outcome };
    this.#settle();
    return outcome.promise;
  }

  async send(data: Uint8Array<ArrayBuffer>, to: DatagramEndpoint): Promise<number> {
    const error = this.sendErrors.shift() ?? this.failSend(to);
    if (this.writable !== null) await this.writable;
    if (error !== null) throw error;
    if (this.isClosed) throw osError("EBADF");
    this.sent.push({ data: [...data], to: `${to.hostname} ${to.port}` });
    return data.length;
  }

  [Symbol.dispose](): void {
    this.isClosed = true;
    this.#waiting?.outcome.reject(osError("EINTR"));
  }

  #settle(): void {
    const next = this.#waiting === null ? undefined : this.#incoming.shift();
    if (next === undefined || this.#waiting === null) return;
    const { buffer, outcome } = this.#waiting;
    this.#waiting = null;
    if (next instanceof Error) return outcome.reject(next);
    buffer.set(next[0]);
    outcome.resolve([buffer.subarray(0, next[0].length) as Uint8Array<ArrayBuffer>, next[1]]);
  }
}

/** An operating system of the test's making. */
export class FakeDatagrams implements DatagramNet {
  readonly sockets: FakeDatagramSocket[] = [];
  readonly #failBind: (endpoint: Endpoint) => Error | null;
  readonly #failSend: (to: DatagramEndpoint) => Error | null;
  readonly #addresses: readonly string[];
  #nextPort = 40_000;

  constructor(options: {
    /** What fails a `bind` call, if anything. */
    readonly failBind?: (endpoint: Endpoint) => Error | null;
    /** What fails a `send` to an address, if anything. */
    readonly failSend?: (to: DatagramEndpoint) => Error | null;
    readonly addresses?: readonly string[];
  } = {}) {
    this.#failBind = options.failBind ?? (() => null);
    this.#failSend = options.failSend ?? (() => null);
    this.#addresses = options.addresses ?? [];
  }

  /** The sockets that are not closed. */
  get bound(): FakeDatagramSocket[] {
    return this.sockets.filter((socket) => !socket.isClosed);
  }

  bind({ hostname, port }: Endpoint, { shared } = { shared: false }): DatagramSocket {
    const error = this.#failBind({ hostname, port }) ?? this.#conflict(port, shared);
    if (error !== null) throw error;
    const addr = { hostname, port: port === 0 ? this.#nextPort++ : port };
    const socket = new FakeDatagramSocket(addr, shared, this.#failSend);
    this.sockets.push(socket);
    return socket;
  }

  addresses(): readonly string[] {
    return this.#addresses;
  }

  #conflict(port: number, shared: boolean): Error | null {
    const taken = this.bound.some((other) => other.addr.port === port && !(shared && other.shared));
    return taken ? osError("EADDRINUSE") : null;
  }
}
