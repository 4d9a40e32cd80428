/**
 * Mutual exclusion by name, for steps that wait in between.
 *
 * @module
 */

/**
 * One thing at a time for each key, in the order of the calls. Different keys do not wait for each
 * other, and a key that nobody holds costs nothing.
 *
 * A holder that asks for its own key waits for ever. Do not hold a key across work on the network
 * without reading again afterwards what was read before.
 */
export class KeyedMutex {
  /** The end of each key's queue. */
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` when all earlier holders of `key` are done; settles as `work` does. */
  async withLock<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const { promise: tail, resolve: release } = Promise.withResolvers<void>();
    this.#tails.set(key, tail);
    try {
      await before;
      return await work();
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
      release();
    }
  }

  /** Keys that somebody holds or waits for. */
  get size(): number {
    return this.#tails.size;
  }
}
