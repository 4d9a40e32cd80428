/**
 * A bounded first-in, first-out queue between asynchronous producers and one consumer.
 *
 * @module
 */

/**
 * Producers wait while the queue is full, in the order they came. After `close`, waiting and new
 * producers are refused and the consumer gets what was accepted before, then the end.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  readonly #producers: { item: T; accepted: (ok: boolean) => void }[] = [];
  #consumer: (() => void) | null = null;
  #closed = false;

  /** @param capacity items that may wait to be consumed, at least 1 */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Whether the queue was closed; items may still be waiting for the consumer. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves with `true` once `item` is queued, with `false` when the queue is closed first. */
  push(item: T): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    if (this.#items.length < this.#capacity) {
      this.#items.push(item);
      this.#wake();
      return Promise.resolve(true);
    }
    return new Promise((accepted) => this.#producers.push({ item, accepted }));
  }

  /** Ends the queue. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const { accepted } of this.#producers.splice(0)) accepted(false);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    while (true) {
      if (this.#items.length > 0) {
        const item = this.#items.shift() as T;
        const next = this.#producers.shift();
        if (next) {
          this.#items.push(next.item);
          next.accepted(true);
        }
        yield item;
      } else if (this.#closed) {
        return;
      } else {
        await new Promise<void>((resolve) => this.#consumer = resolve);
      }
    }
  }

  #wake(): void {
    this.#consumer?.();
    this.#consumer = null;
  }
}
