/**
 * The listening UDP sockets of a Worker.
 *
 * @module
 */

import type { QueueBudget } from "../portable/datagram_queue.ts";
import { type Epoll, KIND } from "./epoll.ts";
import { EPOLL } from "./native/abi.ts";
import { ERRNO } from "./native/errno.ts";
import type { Message } from "./ring.ts";
import { UDP_EVENT } from "./udp_protocol.ts";

/** A listening socket, and what holds for what comes in there. */
export interface Listening {
  readonly fd: number;
  /** Meters of the rule and its owner. */
  readonly rule: number;
  readonly owner: number;
  /** Shared by the listeners of a rule. */
  readonly queueBudget: QueueBudget;
}

export class UdpListeners {
  readonly #epoll: Epoll;
  readonly #tell: (message: Message) => void;
  readonly #listeners = new Map<number, Listening>();
  /** By the rule's meter, which no other rule has; and how many listeners share each. */
  readonly #budgets = new Map<number, { readonly budget: QueueBudget; listeners: number }>();

  constructor(epoll: Epoll, tell: (message: Message) => void) {
    this.#epoll = epoll;
    this.#tell = tell;
  }

  get(listener: number): Listening | undefined {
    return this.#listeners.get(listener);
  }

  add(listener: number, { fd, rule, owner }: Omit<Listening, "queueBudget">): void {
    const shared = this.#budgets.get(rule) ?? { budget: { bytes: 0 }, listeners: 0 };
    shared.listeners += 1;
    this.#budgets.set(rule, shared);
    this.#listeners.set(listener, { fd, rule, owner, queueBudget: shared.budget });
    this.watch(listener);
  }

  /** Receives on a socket, for the first time or again. */
  watch(listener: number): void {
    const fd = this.get(listener)?.fd;
    if (fd === undefined) return;
    const errno = this.#epoll.register(fd, EPOLL.IN, { kind: KIND.udpListener, tag: listener });
    if (errno !== 0) this.#tell([UDP_EVENT.listenerFailed, listener, errno]);
  }

  /** Receives no more. Its socket is replied with still. */
  retire(listener: number): void {
    const fd = this.get(listener)?.fd;
    if (fd !== undefined) this.#epoll.unregister(fd);
    this.#tell([UDP_EVENT.retired, listener]);
  }

  remove(listener: number): void {
    const listening = this.get(listener);
    if (listening === undefined) return;
    this.#epoll.unregister(listening.fd);
    this.#listeners.delete(listener);
    const shared = this.#budgets.get(listening.rule);
    if (shared !== undefined && --shared.listeners === 0) this.#budgets.delete(listening.rule);
    this.#tell([UDP_EVENT.unlistened, listener]);
  }

  /** A receive failed: the main thread says when to go on, unless there was just nothing. */
  failed(listener: number, errno: number): void {
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return;
    const listening = this.get(listener);
    if (listening === undefined) return;
    this.#epoll.unregister(listening.fd);
    this.#tell([UDP_EVENT.listenerFailed, listener, errno]);
  }
}
