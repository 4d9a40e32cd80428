/**
 * The main thread's end of a Worker, where it is about UDP.
 *
 * @module
 */

import type { Libc } from "./native/libc.ts";
import type { Message } from "./ring.ts";
import { type FlowTotals, LISTENERS_MAX, type Loss, UdpCounts } from "./udp_counts.ts";
import { UDP_COMMAND, UDP_EVENT, type UdpStart } from "./udp_protocol.ts";

/** A listening socket that a Worker receives on. */
export interface UdpListenerSink {
  readonly fd: number;
  /** Slots of the meters of the rule and its owner. */
  readonly rule: number;
  readonly owner: number;
  /** Whether nothing is to be received there any more. */
  readonly isRetired: boolean;
  /** A datagram came from `source`, a `struct sockaddr`, that belongs to no flow yet. */
  wanted(flow: number, source: Uint8Array<ArrayBuffer>): void;
  receiveFailed(errno: number): void;
  /** Nobody receives on the socket any more, as asked; replies are sent with it. */
  retired(): void;
  /** Nobody uses the socket any more, as asked. */
  unlistened(): void;
  /** The Worker is gone; what it has counted is about to be. */
  workerGone(): void;
}

/** A flow of a Worker. */
export interface UdpFlowSink {
  answered(): void;
  receiveFailed(errno: number): void;
  /** Its target is gone, and its socket closed: a receive said so, or a send. */
  evicted(errno: number, phase: "send" | "receive"): void;
  noticed(notice: number, errno: number): void;
  /** The Worker is gone, and the flow with it; what it has counted is about to be. */
  workerGone(): void;
}

export interface UdpLinkOptions {
  readonly libc: Libc;
  readonly send: (command: Message) => void;
  readonly start: UdpStart;
}

/** Listeners and flows of one Worker. */
export class UdpLink {
  readonly #libc: Libc;
  readonly #send: (command: Message) => void;
  readonly #listeners = new Map<number, UdpListenerSink>();
  readonly #freeListeners: number[] = [];
  readonly #flows = new Map<number, UdpFlowSink>();
  #counts: UdpCounts;

  constructor({ libc, send, start }: UdpLinkOptions) {
    this.#libc = libc;
    this.#send = send;
    this.#counts = new UdpCounts(start);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** Receives on a socket. @returns its number */
  listen(sink: UdpListenerSink): number {
    const listener = this.#freeListeners.pop() ?? this.#listeners.size;
    if (listener >= LISTENERS_MAX) throw new RangeError(`More than ${LISTENERS_MAX} UDP sockets`);
    this.#listeners.set(listener, sink);
    this.#send(listenCommand(listener, sink));
    return listener;
  }

  unlisten(listener: number): void {
    this.#send([UDP_COMMAND.unlisten, listener]);
  }

  retire(listener: number): void {
    this.#send([UDP_COMMAND.retire, listener]);
  }

  resume(listener: number): void {
    this.#send([UDP_COMMAND.resume, listener]);
  }

  /** Who hears of a flow that was wanted. */
  adopt(flow: number, sink: UdpFlowSink): void {
    this.#flows.set(flow, sink);
  }

  /** Sends through `fd`, a connected socket which is the Worker's from now on. */
  open(flow: number, fd: number, isAwaited: boolean): void {
    this.#send([UDP_COMMAND.open, flow, fd, isAwaited ? 1 : 0]);
  }

  resumeFlow(flow: number): void {
    this.#send([UDP_COMMAND.resumeFlow, flow]);
  }

  /** Forgets a flow, which is not heard of again. */
  end(flow: number): void {
    this.#flows.delete(flow);
    this.#send([UDP_COMMAND.end, flow]);
  }

  /** There must not be a flow that was wanted, for the sake of its first datagram. */
  refuse(flow: number): void {
    this.#send([UDP_COMMAND.refuse, flow]);
  }

  /** What a flow has moved. Only until it is ended. */
  read(flow: number, into: FlowTotals): void {
    this.#counts.read(flow, into);
  }

  activity(flow: number): number {
    return this.#counts.activity(flow);
  }

  /** What was lost at a listener since its Worker began, modulo 2^32. */
  losses(listener: number, loss: Loss): number {
    return this.#counts.losses(listener, loss);
  }

  /** Hears of an event. */
  happened([kind = 0, a = 0, b = 0, ...rest]: Int32Array): void {
    switch (kind) {
      case UDP_EVENT.wanted: {
        const source = new Uint8Array(Int32Array.from(rest).buffer);
        const listener = this.#listeners.get(b);
        if (listener === undefined) this.end(a);
        else listener.wanted(a, source);
        return this.#counts.answer();
      }
      case UDP_EVENT.unlistened: {
        const listener = this.#listeners.get(a);
        if (listener === undefined) return;
        // In this order: the counts of the number are the sink's until it knows.
        listener.unlistened();
        this.#listeners.delete(a);
        this.#freeListeners.push(a);
        return;
      }
      case UDP_EVENT.retired:
        return this.#listeners.get(a)?.retired();
      case UDP_EVENT.listenerFailed:
        return this.#listeners.get(a)?.receiveFailed(b);
      case UDP_EVENT.flowFailed:
        return this.#flows.get(a)?.receiveFailed(b);
      case UDP_EVENT.evicted:
        return this.#flows.get(a)?.evicted(b, rest[0] === 1 ? "receive" : "send");
      case UDP_EVENT.answered:
        return this.#flows.get(a)?.answered();
      case UDP_EVENT.notice:
        return this.#flows.get(a)?.noticed(b, rest[0] ?? 0);
    }
  }

  /**
   * The Worker is gone with its flows; listeners go on in a new one.
   *
   * @param unread commands that it did not see
   * @returns what the new one has to be told
   */
  restart(unread: readonly Message[], start: UdpStart): Message[] {
    for (const [kind, , fd = -1] of unread) if (kind === UDP_COMMAND.open) this.#libc.close(fd);
    for (const sink of [...this.#flows.values()]) sink.workerGone();
    for (const sink of this.#listeners.values()) sink.workerGone();
    this.#flows.clear();
    this.#counts = new UdpCounts(start);
    const closing = unread.filter(([kind]) => kind === UDP_COMMAND.unlisten);
    const listeners = [...this.#listeners].map(([number, sink]) => listenCommand(number, sink));
    const retiring = [...this.#listeners].filter(([, { isRetired }]) => isRetired)
      .map(([number]) => [UDP_COMMAND.retire, number]);
    return [...listeners, ...retiring, ...closing];
  }
}

/** Whether `command` is one that a `UdpLink` sends. */
export function isAboutUdp([kind = 0]: Message): boolean {
  return kind >= UDP_COMMAND.listen;
}

function listenCommand(listener: number, { fd, rule, owner }: UdpListenerSink): Message {
  return [UDP_COMMAND.listen, listener, fd, rule, owner];
}
