/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): many open
 * streams, one timer for all of them, and no memory that a slow reader could fill.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { EVENT_STREAMS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";

const utf8 = new TextEncoder();

/** One reader's stream. */
export interface EventStream {
  /** What to answer with. Cancelling it, as a reader that leaves does, ends the stream. */
  readonly body: ReadableStream<Uint8Array>;
  /** Queues an event; a reader who is too slow loses the oldest ones. */
  send(event: string, data: string): void;
  /** Ends the stream after what is queued. */
  end(): void;
}

interface StreamOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onOver: () => void;
}

class QueuedStream implements EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: StreamOptions;
  readonly #queue: Uint8Array[] = [];
  #lastSentMs: number;
  #waiting: (() => void) | null = null;
  #ended = false;
  #abandoned = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#lastSentMs = options.clock.monotonic();
    this.body = new ReadableStream<Uint8Array>({
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#abandon(),
    }, { highWaterMark: 0 });
  }

  send(event: string, data: string): void {
    if (this.#queue.length === EVENT_STREAMS.queueMax) {
      this.#queue.shift();
      this.#options.logger.warn("stats_stream.lagged");
    }
    this.#push(`event: ${event}\ndata: ${data}\n\n`);
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Says something after a silence, so that nothing on the way takes the connection for dead. */
  keepAlive(nowMs: number): void {
    const silent = nowMs - this.#lastSentMs >= EVENT_STREAMS.keepAliveSecs * 1_000;
    if (silent && this.#queue.length === 0) this.#push(": keepalive\n\n");
  }

  /** Hands the next chunk to the reader who asks for one, once there is one. */
  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#queue.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => this.#waiting = resolve);
    }
    if (this.#abandoned) return;
    const chunk = this.#queue.shift();
    if (chunk) return controller.enqueue(chunk);
    this.#options.onOver();
    controller.close();
  }

  #abandon(): void {
    this.#abandoned = true;
    this.end();
    this.#options.onOver();
  }

  #push(text: string): void {
    this.#lastSentMs = this.#options.clock.monotonic();
    this.#queue.push(utf8.encode(text));
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = null;
  }
}

/** The open streams of a server. */
export class EventStreams implements Disposable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #open = new Set<QueuedStream>();
  #timer: Disposable | null = null;

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** How many streams are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Opens a stream; `onOver` is called once, when it has ended or its reader has left. */
  open(onOver: () => void): EventStream {
    const stream = new QueuedStream({
      clock: this.#clock,
      logger: this.#logger,
      onOver: () => {
        if (!this.#open.delete(stream)) return;
        if (this.#open.size === 0) this.#stopTimer();
        onOver();
      },
    });
    this.#open.add(stream);
    this.#timer ??= this.#nextTick();
    return stream;
  }

  /** Ends every stream. */
  [Symbol.dispose](): void {
    this.#stopTimer();
    for (const stream of this.#open) stream.end();
  }

  #nextTick(): Disposable {
    return this.#clock.timer(EVENT_STREAMS.tickSecs * 1_000, () => {
      this.#timer = this.#nextTick();
      const nowMs = this.#clock.monotonic();
      for (const stream of this.#open) stream.keepAlive(nowMs);
    });
  }

  #stopTimer(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }
}
