/**
 * The messages of a batch in order of their flows, so that each flow's are sent together.
 *
 * @module
 */

import { BATCH } from "./udp_inbox.ts";

/** Lists of messages in memory that is used again for each batch. */
export class Groups {
  readonly #flows = new Int32Array(BATCH);
  /** Of each group, and of each message the next one; -1 at the end. */
  readonly #firsts = new Int32Array(BATCH);
  readonly #lasts = new Int32Array(BATCH);
  readonly #nexts = new Int32Array(BATCH);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#count = 0;
  }

  /** Adds a message behind those of the same flow. */
  add(flow: number, message: number): void {
    this.#nexts[message] = -1;
    // What comes together is often of one flow: the last one.
    for (let group = this.#count - 1; group >= 0; group--) {
      if (this.#flows[group] !== flow) continue;
      this.#nexts[this.#lasts[group] ?? 0] = message;
      this.#lasts[group] = message;
      return;
    }
    this.#flows[this.#count] = flow;
    this.#firsts[this.#count] = message;
    this.#lasts[this.#count++] = message;
  }

  flowOf(group: number): number {
    return this.#flows[group] ?? -1;
  }

  /** The first message of a group. */
  firstOf(group: number): number {
    return this.#firsts[group] ?? -1;
  }

  /** The message that follows `message` in its group, or -1. */
  after(message: number): number {
    return this.#nexts[message] ?? -1;
  }
}
