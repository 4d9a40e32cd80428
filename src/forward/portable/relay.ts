/**
 * Moving bytes between two connected sockets.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import type { Direction } from "../policy/meter.ts";
import type { TrafficPolicy } from "../policy/traffic_policy.ts";
import type { CopyMemory } from "./buffer_pool.ts";
import { CopyBuffer } from "./copy_buffer.ts";
import { Exhaustion } from "./exhaustion.ts";
import type { Socket } from "./net.ts";
import { throttle } from "./throttle.ts";

/** Told after every write how many bytes have reached the destination's socket. */
export interface Tally {
  countIn(bytes: number): void;
  countOut(bytes: number): void;
}

export interface RelayOptions {
  readonly outside: Socket;
  readonly target: Socket;
  /** What was read of the outside before: the target gets it first, whatever the caps say. */
  readonly preRead: Uint8Array | null;
  readonly memory: CopyMemory;
  /** Asked before every chunk, so that caps and quotas hold from the moment they are set. */
  readonly policy: TrafficPolicy;
  readonly clock: Clock;
  readonly tally: Tally;
}

/** Something that relays as {@linkcode Relay} does. */
export interface Relaying {
  /** To be called once; settles when it is over. @throws what ended it, or the reason of `abort` */
  run(): Promise<void>;
  /** Ends it, for the first of all reasons. */
  abort(reason: unknown): void;
}

/**
 * Copies both ways until both sides have ended their streams. Each end is passed on at once; the
 * other direction goes on for as long as its peers like. At most one buffer per direction is read
 * ahead of the slower side. A quota that is used up ends both directions, after a moment also one
 * in which nothing moves.
 *
 * There is one for every connection, and most of them wait most of the time: what is in memory
 * meanwhile is these fields, and for each direction a suspended `#copy` with its buffer.
 */
export class Relay implements Relaying {
  readonly #options: Omit<RelayOptions, "preRead">;
  #preRead: Uint8Array | null;
  readonly #done = Promise.withResolvers<void>();
  /** Directions under way. */
  #copying = 2;
  #exhaustion: Disposable | null = null;
  #isAborted = false;
  #reason: unknown;
  /** Made when there is something to interrupt. */
  #interrupt: AbortController | null = null;

  constructor({ preRead, ...options }: RelayOptions) {
    this.#preRead = preRead;
    this.#options = options;
  }

  /**
   * To be called once. Settles only when nothing uses the sockets any more; closing them is up to
   * the caller, unless the relay was aborted.
   *
   * @throws the first I/O error, or the reason of `abort`
   */
  run(): Promise<void> {
    const { policy, clock } = this.#options;
    // A direction that is blocked in a read does not see by itself that there is nothing to pass.
    this.#exhaustion = new Exhaustion(policy, clock, (reason) => this.abort(reason));
    void this.#copy("in");
    void this.#copy("out");
    return this.#done.promise;
  }

  /** Closes both sockets, for the first of all reasons. */
  abort(reason: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason;
    this.#options.outside[Symbol.dispose]();
    this.#options.target[Symbol.dispose]();
    this.#interrupt?.abort(reason);
  }

  /** Never rejects: what goes wrong in one direction aborts both. */
  async #copy(direction: Direction): Promise<void> {
    const { outside, target, policy } = this.#options;
    const isIn = direction === "in";
    const source = isIn ? outside : target;
    const destination = isIn ? target : outside;
    const buffer = new CopyBuffer(this.#options.memory);
    try {
      if (isIn && this.#preRead !== null) await this.#replay(this.#preRead);
      while (!policy.isExhausted) {
        const length = await source.read(this.#room(direction, buffer));
        if (length === null || !policy.spend(length)) break;
        if (policy.isThrottled(direction)) await this.#throttle(direction, length);
        for (let start = 0; start < length;) {
          const written = await destination.write(buffer.bytes.subarray(start, length));
          start += written;
          this.#count(direction, written);
        }
        buffer.adapt(length);
      }
      await endStream(destination);
    } catch (error) {
      this.abort(error);
    }
    buffer.giveBack();
    this.#copying -= 1;
    if (this.#copying === 0) this.#finish();
  }

  async #replay(preRead: Uint8Array): Promise<void> {
    this.#preRead = null;
    for (let rest = preRead; rest.length > 0;) {
      const written = await this.#options.target.write(rest);
      rest = rest.subarray(written);
      this.#count("in", written);
    }
  }

  /** Where the next read goes to: no more than the caps let through at a time. */
  #room(direction: Direction, { bytes }: CopyBuffer): Uint8Array {
    const { policy } = this.#options;
    return policy.isThrottled(direction) ? bytes.subarray(0, policy.chunkBytes(direction)) : bytes;
  }

  #throttle(direction: Direction, bytes: number): Promise<void> {
    const { policy, clock } = this.#options;
    this.#interrupt ??= new AbortController();
    if (this.#isAborted) this.#interrupt.abort(this.#reason);
    return throttle(policy, { direction, bytes, clock, signal: this.#interrupt.signal });
  }

  #count(direction: Direction, bytes: number): void {
    const { tally } = this.#options;
    if (direction === "in") tally.countIn(bytes);
    else tally.countOut(bytes);
  }

  #finish(): void {
    this.#exhaustion?.[Symbol.dispose]();
    if (this.#isAborted) this.#done.reject(this.#reason);
    else this.#done.resolve();
  }
}

/** Sends the end of the stream, if the peer is still there to hear it. */
export async function endStream(socket: Socket): Promise<void> {
  try {
    await socket.closeWrite();
  } catch {
    // The peer is gone already, and needs no end of stream. The other direction will notice.
  }
}
