/**
 * Datagrams that wait until their flow knows where to send them.
 *
 * @module
 */

import { FORWARD } from "../../core/limits.ts";

/** Bytes that the queues of a rule hold together. */
export interface QueueBudget {
  bytes: number;
}

/** A short queue: what it has no room for is not taken. */
export class DatagramQueue {
  readonly #budget: QueueBudget;
  readonly #datagrams: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  constructor(budget: QueueBudget) {
    this.#budget = budget;
  }

  /** Keeps a copy of `data` at the end; whether there was room for it. */
  push(data: Uint8Array<ArrayBuffer>): boolean {
    const fits = this.#datagrams.length < FORWARD.udpQueuedMax &&
      this.#bytes + data.length <= FORWARD.udpQueuedBytesMax &&
      this.#budget.bytes + data.length <= FORWARD.udpQueuedRuleBytesMax;
    if (!fits) return false;
    this.#datagrams.push(data.slice());
    this.#add(data.length);
    return true;
  }

  /** The first datagram, which stays. */
  peek(): Uint8Array<ArrayBuffer> | undefined {
    return this.#datagrams[0];
  }

  /** Takes the first datagram out. */
  shift(): void {
    this.#add(-(this.#datagrams.shift()?.length ?? 0));
  }

  clear(): void {
    this.#datagrams.length = 0;
    this.#add(-this.#bytes);
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.bytes += bytes;
  }
}
