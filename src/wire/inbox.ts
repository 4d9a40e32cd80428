/**
 * What arrived on a stream and was not read yet.
 *
 * @module
 */

/** Messages held before the transport is told to wait. */
const HELD_MAX = 16;

/** A transport that can be told to wait. */
export interface Pausable {
  pause(): unknown;
  resume(): unknown;
}

/**
 * Turns the events of a transport into an iteration. Everything that arrived is read before the
 * end or the failure that followed it. Can be iterated once.
 */
export class Inbox<T> implements AsyncIterable<T> {
  readonly #source: Pausable;
  readonly #held: T[] = [];
  #outcome: { readonly error?: Error } | null = null;
  #wake: (() => void) | null = null;

  constructor(source: Pausable) {
    this.#source = source;
  }

  push(message: T): void {
    if (this.#outcome !== null) return;
    this.#held.push(message);
    if (this.#held.length === HELD_MAX) this.#source.pause();
    this.#wake?.();
  }

  /** Nothing more will arrive; with `error`, because something broke. Only the first call counts. */
  end(error?: Error): void {
    this.#outcome ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    while (true) {
      const message = this.#held.shift();
      if (message !== undefined) {
        if (this.#held.length === HELD_MAX / 2) this.#source.resume();
        yield message;
      } else if (this.#outcome !== null) {
        if (this.#outcome.error !== undefined) throw this.#outcome.error;
        return;
      } else {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    }
  }
}
