/**
 * A shared database: reads with a deadline, writes as transactions, and their errors as codes of
 * the catalogue.
 *
 * @module
 */

import { type Clock, sleep } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import { SHARED_IDENTITY } from "../core/limits.ts";
import { type Columns, StoreError } from "../store/database.ts";
import { ConnectionPool, type Lease, untilAborted } from "./connection_pool.ts";
import type { Health } from "./health.ts";
import {
  type Dialect,
  type Driver,
  type Query,
  type SqlConnection,
  SqlError,
  type SqlParameter,
  type SqlSession,
} from "./sql.ts";

export interface SharedDatabaseOptions {
  readonly driver: Driver;
  readonly maxConnections: number;
  /** How long a read may take, waiting for a connection included, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly health: Health;
}

/** Whether what a transaction was to do is there; asked when its end was not heard of. */
export type WasDone = (session: SqlSession) => Promise<boolean>;

export class SharedDatabase implements Disposable {
  readonly dialect: Dialect;
  readonly #options: SharedDatabaseOptions;
  readonly #pool: ConnectionPool;

  constructor(options: SharedDatabaseOptions) {
    const { driver, timeoutMs, maxConnections } = options;
    this.#options = options;
    this.dialect = driver.dialect;
    const limits = { statementTimeoutMs: timeoutMs, connectTimeoutMs: timeoutMs };
    this.#pool = new ConnectionPool(() => driver.connect(limits), maxConnections);
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get health(): Health {
    return this.#options.health;
  }

  /** Connections that are lent out. */
  get inUse(): number {
    return this.#pool.inUse;
  }

  /**
   * Runs a query.
   *
   * @throws {PortunusError} `identity_backend_unavailable`, `identity_backend_timeout`
   */
  read(sql: string, ...parameters: readonly SqlParameter[]): Promise<readonly Columns[]> {
    return this.#watched(async () => {
      using deadline = this.#deadline();
      const { rows } = await this.#onLiving(
        deadline.signal,
        (connection) => connection.query(sql, ...parameters),
      );
      return rows;
    });
  }

  /**
   * Runs `work` in one transaction: committed when it returns, rolled back when it throws. It has
   * no deadline, so that nobody is told of a failure that was none. `work` may run several times;
   * what it does outside the database comes last.
   *
   * @param wasDone asked on another connection when the connection is lost during the commit. It
   * must wait for what the lost transaction may still hold
   * @throws {PortunusError} `identity_backend_unavailable`, `identity_backend_timeout`; not done
   */
  write<T>(work: (session: SqlSession) => Promise<T>, wasDone: WasDone): Promise<T> {
    return this.#watched(async () => {
      for (let attempt = 1;; attempt++) {
        try {
          return await this.#transaction(work, wasDone);
        } catch (error) {
          const again = error instanceof SqlError && error.kind === "contention" &&
            attempt < SHARED_IDENTITY.attemptsMax;
          if (!again) throw error;
        }
      }
    });
  }

  /**
   * The rows of several queries, all of the same state of the database.
   *
   * @throws {TypeError} for a database that has no replicas
   * @throws {PortunusError} `identity_backend_unavailable`, `identity_backend_timeout`
   */
  snapshot(queries: readonly Query[]): Promise<readonly (readonly Columns[])[]> {
    const { snapshot } = this.#options.driver;
    if (snapshot === undefined) throw new TypeError("This database has no replicas");
    return this.#watched(async () => {
      using deadline = this.#deadline();
      const { signal } = deadline;
      return await untilAborted(snapshot(queries, signal), signal);
    });
  }

  /** Whether the database answers a query in time. */
  async answers(timeoutMs: number): Promise<boolean> {
    try {
      await this.#watched(async () => {
        using deadline = this.#deadline(timeoutMs);
        await this.#onLiving(deadline.signal, (connection) => connection.query("SELECT 1"));
      });
      return true;
    } catch {
      return false;
    }
  }

  /** Ends all connections. */
  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  async #transaction<T>(
    work: (session: SqlSession) => Promise<T>,
    wasDone: WasDone,
  ): Promise<T> {
    const connection = await this.#begin();
    try {
      const result = await work(connection);
      if (await this.#commit(connection, wasDone)) return result;
      throw new SqlError("unavailable", "the connection was lost, and nothing was changed");
    } catch (error) {
      // Where even that fails, the database does it by itself.
      if (connection.usable) await connection.rollback().catch(() => connection.close());
      throw error;
    } finally {
      this.#pool.release(connection);
    }
  }

  /** A connection in a transaction. */
  async #begin(): Promise<SqlConnection> {
    using deadline = this.#deadline();
    return await this.#onLiving(deadline.signal, async (connection) => {
      await connection.begin();
      return connection;
    }, true);
  }

  /** Whether it happened. @throws {SqlError} when that is certainly not so */
  async #commit(connection: SqlConnection, wasDone: WasDone): Promise<boolean> {
    try {
      await connection.commit();
      return true;
    } catch (error) {
      const unheard = error instanceof SqlError &&
        (error.kind === "unavailable" || error.kind === "timeout");
      if (!unheard) throw error;
      connection.close();
      return await this.#learn(wasDone);
    }
  }

  /** Asks until there is an answer, for as long as a read may take. */
  async #learn(wasDone: WasDone): Promise<boolean> {
    const { clock, timeoutMs } = this.#options;
    using deadline = this.#deadline();
    while (true) {
      try {
        const connection = await this.#begin();
        try {
          const done = await untilAborted(wasDone(connection), deadline.signal);
          await connection.commit();
          return done;
        } catch (error) {
          connection.close();
          throw error;
        } finally {
          this.#pool.release(connection);
        }
      } catch (error) {
        if (deadline.signal.aborted) {
          throw new SqlError("unavailable", UNKNOWN_OUTCOME, { cause: error });
        }
        await sleep(clock, Math.min(SHARED_IDENTITY.commitCheckIntervalMs, timeoutMs));
      }
    }
  }

  /**
   * Runs `use` on a connection. One that was idle may have been lost meanwhile, which shows at its
   * first use; then another is taken.
   *
   * @param keep whether the connection stays lent out when `use` returns
   */
  async #onLiving<T>(
    signal: AbortSignal,
    use: (connection: SqlConnection) => Promise<T>,
    keep = false,
  ): Promise<T> {
    while (true) {
      const { connection, reused }: Lease = await this.#pool.acquire(signal);
      let kept = false;
      try {
        const result = await untilAborted(use(connection), signal);
        kept = keep;
        return result;
      } catch (error) {
        const lost = error instanceof SqlError && error.kind === "unavailable";
        // An answer that comes late must not be taken for that of the next query.
        if (lost || signal.aborted) connection.close();
        if (!(lost && reused)) throw error;
      } finally {
        if (!kept) this.#pool.release(connection);
      }
    }
  }

  #deadline(ms = this.#options.timeoutMs) {
    const controller = new AbortController();
    const timer = this.#options.clock.timer(
      ms,
      () => controller.abort(new SqlError("timeout", `no answer within ${ms} ms`)),
    );
    return { signal: controller.signal, [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }

  async #watched<T>(work: () => Promise<T>): Promise<T> {
    const { health } = this.#options;
    try {
      const result = await work();
      health.succeeded();
      return result;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      if (error.kind === "conflict") {
        throw new StoreError("conflict", error.message, { cause: error });
      }
      const outcome = error.kind === "timeout" ? "timeout" : "unavailable";
      health.failed(outcome, error);
      const text = error.message === UNKNOWN_OUTCOME ? UNKNOWN_OUTCOME : TEXTS[outcome];
      throw new PortunusError(`identity_backend_${outcome}`, text, { cause: error });
    }
  }
}

/** What callers are told; the log has the reason. */
const TEXTS = {
  unavailable: "the database of accounts cannot be reached",
  timeout: "the database of accounts did not answer in time",
} as const;
const UNKNOWN_OUTCOME =
  "the database of accounts was lost at the very end; whether the change was made is not known";
