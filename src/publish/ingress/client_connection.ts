/**
 * A client's connection: one request after another.
 *
 * @module
 */

import { unmapIpv4 } from "../../core/address.ts";
import { INGRESS } from "../../core/publish_limits.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import { type ClientSide, Exchange } from "./exchange.ts";
import { BadMessage } from "./http1/bad_message.ts";
import { MessageReader } from "./http1/message_reader.ts";
import { parseRequestHead, type RequestHead } from "./http1/request_head.ts";
import { type Transport, writeAll } from "./http1/transport.ts";
import { reasonOf } from "./status_texts.ts";

/** Answers a request, or throws: then there is nobody left to answer. */
export type Handler = (exchange: Exchange) => Promise<void>;

export interface ClientConnectionOptions {
  readonly transport: Transport & { readonly serverName?: string | null };
  /** Address of the peer as the system says it. */
  readonly remoteAddress: string;
  readonly deadlines: Deadlines;
  readonly handler: Handler;
  /** Told of requests that are refused before anybody handles them. */
  readonly onRefused: (status: number) => void;
  readonly onClosed: (connection: ClientConnection) => void;
}

export class ClientConnection implements ClientSide {
  readonly remoteAddress: string;
  readonly address: string;
  readonly reader: MessageReader;
  readonly deadline: Deadline;
  /** Whether a request is being answered; others may be closed for a connection that needs room. */
  busy = false;
  readonly #options: ClientConnectionOptions;
  #isDraining = false;
  #isOpen = true;

  constructor(options: ClientConnectionOptions) {
    this.#options = options;
    this.remoteAddress = options.remoteAddress;
    this.address = unmapIpv4(options.remoteAddress);
    this.reader = new MessageReader(options.transport);
    this.deadline = options.deadlines.open(() => this.destroy());
  }

  get transport(): Transport {
    return this.#options.transport;
  }

  get serverName(): string | null {
    return this.#options.transport.serverName ?? null;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Answers requests until there are no more, or something breaks. Never rejects. */
  async serve(): Promise<void> {
    try {
      this.deadline.set(INGRESS.headTimeoutMs);
      while (await this.#serveOne()) this.deadline.set(INGRESS.idleTimeoutMs);
      await this.#linger();
    } catch {
      // The connection broke, or was broken off: there is nobody to tell.
    } finally {
      this.destroy();
    }
  }

  /** Takes no more requests: one that is being answered is the last. */
  drain(): void {
    this.#isDraining = true;
    if (!this.busy) this.destroy();
  }

  /** Ends it, whatever goes on. */
  destroy(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.deadline[Symbol.dispose]();
    this.transport.close();
    this.#options.onClosed(this);
  }

  /** Whether another request may follow. */
  async #serveOne(): Promise<boolean> {
    const { reader, deadline } = this;
    reader.settle();
    this.busy = false;
    if (this.#isDraining) return false;
    if (reader.buffered === 0 && !await reader.fill()) return false;
    deadline.set(INGRESS.headTimeoutMs);
    const head = await this.#readHead();
    if (head === null) return false;
    deadline.lift();
    this.busy = true;
    const exchange = new Exchange(head, this);
    await this.#options.handler(exchange);
    return exchange.keepAlive;
  }

  /** `null` when there is none, or none that can be served. */
  async #readHead(): Promise<RequestHead | null> {
    try {
      const lines = await this.reader.readHead();
      return lines === null ? null : parseRequestHead(lines);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      const { status } = error;
      this.#options.onRefused(status);
      await writeAll(this.transport, refusal(status));
      return null;
    }
  }

  /** Reads on for a moment: what is sent to a closed connection would cost the client the answer. */
  async #linger(): Promise<void> {
    this.deadline.set(INGRESS.lingerMs);
    this.busy = false;
    await this.transport.closeWrite();
    do this.reader.take(); while (await this.reader.fill());
  }
}

function refusal(status: number): Uint8Array {
  const text = `${status} ${reasonOf(status)}\n`;
  return new TextEncoder().encode(
    `HTTP/1.1 ${status} ${reasonOf(status)}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Connection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
}
