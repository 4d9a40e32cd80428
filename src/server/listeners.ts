/** Something that accepts connections, and can stop. */
export interface Stoppable {
  /** Stops accepting, and resolves when all is over; what still runs after `graceMs` is cut. */
  stop(graceMs: number): Promise<void>;
}

/** The listeners of a server. They stop together, so that one grace time is enough for all. */
export class Listeners implements AsyncDisposable {
  readonly #all: Stoppable[] = [];
  readonly #graceMs: () => number;

  /** @param graceMs asked for when they stop */
  constructor(graceMs: () => number) {
    this.#graceMs = graceMs;
  }

  add<T extends Stoppable>(listener: T): T {
    this.#all.push(listener);
    return listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const graceMs = this.#graceMs();
    await Promise.all(this.#all.map((it) => it.stop(graceMs)));
  }
}
