import type { Connect, SqlConnection } from "./sql.ts";

/** A connection that is lent out. */
export interface Lease {
  readonly connection: SqlConnection;
  /** Whether it was used before, and may have been lost since. */
  readonly reused: boolean;
}

interface Waiting {
  readonly serve: () => void;
}

/** A bounded number of connections, opened when they are needed. */
export class ConnectionPool implements Disposable {
  readonly #connect: () => ReturnType<Connect>;
  readonly #max: number;
  readonly #idle: SqlConnection[] = [];
  /** In the order of their coming. */
  readonly #waiting = new Set<Waiting>();
  readonly #lent = new Set<SqlConnection>();
  #opening = 0;
  #closed = false;

  constructor(connect: () => ReturnType<Connect>, max: number) {
    this.#connect = connect;
    this.#max = max;
  }

  /** Connections that are lent out or coming about. */
  get inUse(): number {
    return this.#lent.size + this.#opening;
  }

  /**
   * Lends a connection: an idle one, a new one, or the next that comes back.
   *
   * @throws the signal's reason once it is aborted, and what opening a connection throws
   */
  async acquire(signal: AbortSignal): Promise<Lease> {
    while (true) {
      signal.throwIfAborted();
      if (this.#closed) throw new TypeError("The pool is closed");
      const idle = this.#takeIdle();
      if (idle) return { connection: idle, reused: true };
      if (this.inUse < this.#max) return { connection: await this.#open(signal), reused: false };
      await this.#turn(signal);
    }
  }

  /** Takes back what was lent. */
  release(connection: SqlConnection): void {
    this.#lent.delete(connection);
    if (connection.usable && !this.#closed) this.#idle.push(connection);
    else connection.close();
    this.#serveNext();
  }

  /** Closes all connections, those that are lent out too. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const connection of [...this.#idle.splice(0), ...this.#lent]) connection.close();
    for (const { serve } of this.#waiting) serve();
  }

  #takeIdle(): SqlConnection | undefined {
    // The one used last: the others may time out at the database.
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (!idle.usable) {
        idle.close();
        continue;
      }
      this.#lent.add(idle);
      return idle;
    }
    return undefined;
  }

  async #open(signal: AbortSignal): Promise<SqlConnection> {
    this.#opening++;
    const opening = this.#connect();
    try {
      const connection = await untilAborted(opening, signal);
      if (this.#closed) {
        connection.close();
        throw new TypeError("The pool is closed");
      }
      this.#lent.add(connection);
      return connection;
    } catch (error) {
      // Nobody waits for it any more.
      void opening.then((late) => late.close(), () => undefined);
      throw error;
    } finally {
      this.#opening--;
      if (this.inUse < this.#max) this.#serveNext();
    }
  }

  #serveNext(): void {
    const [next] = this.#waiting;
    if (!next) return;
    this.#waiting.delete(next);
    next.serve();
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = { serve: resolve };
    this.#waiting.add(waiting);
    try {
      await untilAborted(promise, signal);
    } catch (error) {
      // The turn may have come at the same moment; then it is somebody else's.
      if (!this.#waiting.delete(waiting)) this.#serveNext();
      throw error;
    }
  }
}

/** What `promise` gives. @throws the signal's reason when it is aborted first */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: either, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  void promise.then(resolve, reject);
  try {
    return await either;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
