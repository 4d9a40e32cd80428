/** Both ends of a control stream without a network. */

import assert from "node:assert/strict";
import type { ClientMessage, ServerMessage } from "../../src/wire/gen/portunus/v1/portunus_pb.ts";
import { Inbox } from "../../src/wire/inbox.ts";
import { type ClientStream, type ServerStream, WireError } from "../../src/wire/streams.ts";

const unbounded = { pause: () => undefined, resume: () => undefined };

/** What one end sent, for the test to read. */
class Outbox<T> {
  readonly all: T[] = [];
  readonly #inbox = new Inbox<T>(unbounded);
  readonly #iterator = this.#inbox[Symbol.asyncIterator]();
  #gate: PromiseWithResolvers<void> | null = null;

  async take(message: T, over: AbortSignal): Promise<void> {
    const broken = () => new WireError("transport", "Cancelled: the stream is over");
    if (over.aborted) throw broken();
    if (this.#gate) {
      const { promise, reject } = Promise.withResolvers<never>();
      over.addEventListener("abort", () => reject(broken()), { once: true });
      await Promise.race([this.#gate.promise, promise]);
    }
    this.all.push(message);
    this.#inbox.push(message);
  }

  /** From now on nothing is taken, as with a peer that stopped reading. */
  stall(): void {
    this.#gate = Promise.withResolvers();
  }

  flow(): void {
    this.#gate?.resolve();
    this.#gate = null;
  }

  end(): void {
    this.#inbox.end();
  }

  /** The next message, once there is one; `undefined` after the end. */
  async next(): Promise<T | undefined> {
    const { value } = await this.#iterator.next();
    return value ?? undefined;
  }
}

/** The server's end; the test plays the client. */
export class FakeServerStream implements ServerStream {
  readonly peer = "203.0.113.9:51514";
  readonly incoming = new Inbox<ClientMessage>(unbounded);
  readonly headers = new Map<string, string>();
  readonly sent = new Outbox<ServerMessage>();
  readonly #over = new AbortController();

  get closed(): AbortSignal {
    return this.#over.signal;
  }

  setHeader(name: string, value: string): void {
    assert.equal(this.sent.all.length, 0, "headers leave with the first message");
    this.headers.set(name, value);
  }

  send(message: ServerMessage): Promise<void> {
    return this.sent.take(message, this.closed);
  }

  receive(...messages: readonly ClientMessage[]): void {
    for (const message of messages) this.incoming.push(message);
  }

  /** The client half-closes. */
  halfClose(): void {
    this.incoming.end();
  }

  /** The connection is lost: everything happens in one turn, in the order of the real stream. */
  breakOff(): void {
    this.incoming.end(new WireError("transport", "Cancelled: the client broke off the stream"));
    this.#over.abort();
  }
}

/** The client's end; the test plays the server. */
export class FakeClientStream implements ClientStream {
  readonly headers: Promise<ReadonlyMap<string, string>>;
  readonly incoming = new Inbox<ServerMessage>(unbounded);
  readonly sent = new Outbox<ClientMessage>();
  readonly #over = new AbortController();
  closed = false;
  cancelled = false;

  constructor(headers: Readonly<Record<string, string>> = {}) {
    this.headers = Promise.resolve(new Map(Object.entries(headers)));
  }

  send(message: ClientMessage): Promise<void> {
    return this.sent.take(message, this.#over.signal);
  }

  /** Half-closes; the server answers by ending the stream, unless it is stubborn. */
  stubborn = false;

  close(): void {
    this.closed = true;
    if (!this.stubborn) this.end();
  }

  cancel(): void {
    this.cancelled = true;
    this.end();
  }

  receive(...messages: readonly ServerMessage[]): void {
    for (const message of messages) this.incoming.push(message);
  }

  /** The stream is over; with `error`, because it failed. */
  end(error?: WireError): void {
    this.incoming.end(error);
    this.#over.abort();
    this.sent.end();
  }
}
