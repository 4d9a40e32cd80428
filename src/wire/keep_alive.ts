/**
 * Notices that the other end of an HTTP/2 connection is gone without a word: a cable, a NAT that
 * forgot, a machine that lost its power.
 *
 * gRPC's own keepalive is out of reach, because Deno 2.9.6 must not see the acknowledgements (see
 * {@linkcode FrameFilter}). PING frames are therefore written between those of the session; any
 * HTTP/2 peer acknowledges them (RFC 9113 §6.7), 3.1.0 too.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { KEEP_ALIVE } from "../core/limits.ts";

/** Length 8, type PING, no flags, stream 0, and eight bytes that mean nothing. */
export const PING_FRAME: Uint8Array = new Uint8Array([
  0,
  0,
  8,
  6,
  0,
  0,
  0,
  0,
  0,
  ...Array(8).fill(0),
]);

export interface KeepAliveOptions {
  readonly clock: Clock;
  /** Sends a PING, if that is possible at the moment. */
  readonly ping: () => void;
  /** Called once, with how long nothing was heard in milliseconds. */
  readonly onDead: (silentMs: number) => void;
}

export class KeepAlive implements Disposable {
  readonly #options: KeepAliveOptions;
  #heardMs: number;
  #timer: Disposable;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#heardMs = options.clock.monotonic();
    this.#timer = this.#arm();
  }

  /** Something came from the other end, whatever it was. */
  heard(): void {
    this.#heardMs = this.#options.clock.monotonic();
  }

  #arm(): Disposable {
    return this.#options.clock.timer(KEEP_ALIVE.checkIntervalMs, () => this.#check());
  }

  #check(): void {
    const { clock, ping, onDead } = this.#options;
    const silentMs = clock.monotonic() - this.#heardMs;
    if (silentMs >= KEEP_ALIVE.deadMs) return onDead(silentMs);
    if (silentMs >= KEEP_ALIVE.pingAfterMs) ping();
    this.#timer = this.#arm();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }
}

const HEADER_LENGTH = 9;

/** Follows the frames of one direction, to know when none is half written. */
export class FrameBoundary {
  /** Bytes of the current frame's header that came, and of its payload that did not. */
  #head = 0;
  #length = 0;
  #payload: number;

  /** @param prefaceLength bytes before the first frame */
  constructor(prefaceLength: number) {
    this.#payload = prefaceLength;
  }

  /** Whether another frame may be put in here. */
  get isBetween(): boolean {
    return this.#head === 0 && this.#payload === 0;
  }

  feed(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#payload > 0) {
        const taken = Math.min(this.#payload, chunk.length - at);
        this.#payload -= taken;
        at += taken;
        continue;
      }
      if (this.#head < 3) this.#length = this.#length * 256 + (chunk[at] ?? 0);
      this.#head += 1;
      at += 1;
      if (this.#head < HEADER_LENGTH) continue;
      this.#payload = this.#length;
      this.#head = 0;
      this.#length = 0;
    }
  }
}
