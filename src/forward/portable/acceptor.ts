/**
 * Accepting on the listeners of a rule, or of a port that rules share.
 *
 * @module
 */

import { type Clock, sleep } from "../../core/clock.ts";
import { FORWARD } from "../../core/limits.ts";
import type { Listener, Socket } from "./net.ts";

/** Who gets what comes in. */
export interface AcceptHandler {
  /** A connection, which is the handler's from now on. */
  accepted(inbound: Socket, listenPort: number): void;
  /** An accept failed; there is a pause before the next. */
  acceptFailed(listenPort: number, error: unknown): void;
}

/** Runs from the start until it is closed. Its handler may change. */
export class Acceptor {
  /** Resolves when the acceptor is closed and no `accept` is pending any more. */
  readonly released: Promise<void>;
  handler: AcceptHandler;
  readonly #listeners: readonly Listener[];
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #isRetiring = false;

  /** @param listeners belong to the acceptor from now on */
  constructor(listeners: readonly Listener[], clock: Clock, handler: AcceptHandler) {
    this.#listeners = listeners;
    this.#clock = clock;
    this.handler = handler;
    this.released = Promise.all(listeners.map((it) => this.#acceptFrom(it))).then(() => {});
  }

  close(): void {
    this.#closing.abort();
    for (const listener of this.#listeners) listener[Symbol.dispose]();
  }

  /** Accepts no more, without a loss where another process has the sockets, too. */
  retire(): void {
    this.#isRetiring = true;
    for (const listener of this.#listeners) {
      if (listener.retire === undefined) listener[Symbol.dispose]();
      else listener.retire();
    }
  }

  async #acceptFrom(listener: Listener): Promise<void> {
    const { port } = listener.addr;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        // Asked for afterwards: whose the connection is may change while it is awaited.
        const inbound = await listener.accept();
        this.handler.accepted(inbound, port);
      } catch (error) {
        if (signal.aborted || this.#isRetiring) return;
        // What fails an accept passes: often descriptors are used up.
        this.handler.acceptFailed(port, error);
        await sleep(this.#clock, FORWARD.acceptRetryMs, signal).catch(() => undefined);
      }
    }
  }
}
