/**
 * One SQLite connection: pragmas, statements, transactions, errors by class.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { errorText } from "../core/errors.ts";

/** What kind of trouble there was. Only `transient` is worth another try. */
export type StoreErrorClass = "transient" | "conflict" | "corruption" | "internal";

/** A failed operation on an open store. The message is `<class>: <detail>`. */
export class StoreError extends Error {
  override readonly name = "StoreError";

  constructor(readonly kind: StoreErrorClass, readonly detail: string, options?: ErrorOptions) {
    super(`${kind}: ${detail}`, options);
  }
}

/** Primary result codes (https://sqlite.org/rescode.html) that are not `internal`. */
const CLASS_OF_RESULT: ReadonlyMap<number, StoreErrorClass> = new Map([
  [5, "transient"], // SQLITE_BUSY
  [6, "transient"], // SQLITE_LOCKED
  [11, "corruption"], // SQLITE_CORRUPT
  [19, "conflict"], // SQLITE_CONSTRAINT
  [26, "corruption"], // SQLITE_NOTADB
]);

/** The primary code is the low byte; the rest says more exactly what happened. */
const PRIMARY_CODE_MASK = 0xff;

/** Runs `fn`; what SQLite complains about becomes a {@linkcode StoreError}. */
function guarded<T>(fn: () => T): T {
  try {
    return fn();
  } catch (cause) {
    if (cause instanceof StoreError || !(cause instanceof Error)) throw cause;
    const code = "errcode" in cause && typeof cause.errcode === "number" ? cause.errcode : 0;
    const kind = CLASS_OF_RESULT.get(code & PRIMARY_CODE_MASK) ?? "internal";
    throw new StoreError(kind, cause.message, { cause });
  }
}

/** A column value; integers are always `bigint`, so that none loses digits. */
export type SqlValue = string | bigint | number | null;

/** The columns of a row, by name. */
export type Columns = Readonly<Record<string, SqlValue>>;

/** What a statement may be given. A `number` must be an integer. */
export type SqlParameter = string | bigint | number | null;

/** An integer as SQLite keeps it: 64 bits, signed. A `number` would be bound as a float. */
function bindable(value: SqlParameter): string | bigint | null {
  if (typeof value === "number") return BigInt(value);
  if (typeof value === "bigint" && BigInt.asIntN(64, value) !== value) {
    throw new StoreError("conflict", `${value} does not fit a 64-bit integer column`);
  }
  return value;
}

/** How long a statement waits for another process to finish its transaction. */
const BUSY_TIMEOUT_MS = 5_000;

const PRAGMAS = [
  // For new files only: it has no effect once there is a table (or WAL has written page 1).
  "PRAGMA auto_vacuum = INCREMENTAL",
  "PRAGMA journal_mode = WAL",
  "PRAGMA synchronous = NORMAL",
  "PRAGMA foreign_keys = ON",
  "PRAGMA temp_store = MEMORY",
  "PRAGMA cache_size = -8000", // KiB
];

/** A connection. Every method throws {@linkcode StoreError} when SQLite refuses. */
export class Database implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #onBusy: () => void;

  /**
   * Opens or creates `path`.
   *
   * @param onBusy called whenever a statement gives up because the store is locked
   */
  constructor(readonly path: string, onBusy: () => void = () => undefined) {
    this.#onBusy = onBusy;
    this.#db = guarded(() => new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS }));
    try {
      for (const pragma of PRAGMAS) this.all(pragma);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /**
   * Runs a script of any number of statements without parameters. The runtime gives no codes here,
   * so that every failure is `internal`; what can wait or collide belongs into {@linkcode run}.
   */
  exec(script: string): void {
    try {
      this.#db.exec(script);
    } catch (cause) {
      // The message repeats the whole script.
      throw new StoreError("internal", errorText(cause).replace(` in ${script}`, ""), { cause });
    }
  }

  /** Runs a statement; returns how many rows it changed. */
  run(sql: string, ...parameters: readonly SqlParameter[]): number {
    return this.#watched(() =>
      Number(this.#statement(sql).run(...parameters.map(bindable)).changes)
    );
  }

  /** All rows of a query. */
  all(sql: string, ...parameters: readonly SqlParameter[]): Columns[] {
    return this.#watched(() => this.#statement(sql).all(...parameters.map(bindable)) as Columns[]);
  }

  /** The first row of a query. */
  get(sql: string, ...parameters: readonly SqlParameter[]): Columns | undefined {
    return this.#watched(() =>
      this.#statement(sql).get(...parameters.map(bindable)) as Columns | undefined
    );
  }

  /**
   * Runs `fn` in one `BEGIN IMMEDIATE` transaction: committed when it returns, rolled back when it
   * throws.
   *
   * @throws {TypeError} inside another transaction, or when `fn` is asynchronous: what it does
   * later would not be part of the transaction
   */
  write<T>(fn: () => T): T {
    if (this.#db.isTransaction) throw new TypeError("Cannot begin a transaction inside another");
    return this.#transaction("BEGIN IMMEDIATE", fn);
  }

  /** Runs `fn` so that all its queries see the same state, whatever other processes do meanwhile. */
  read<T>(fn: () => T): T {
    return this.#db.isTransaction ? fn() : this.#transaction("BEGIN DEFERRED", fn);
  }

  /**
   * Closes the connection, moving what the write-ahead log holds into the file if nobody is
   * reading it. Does nothing the second time.
   */
  [Symbol.dispose](): void {
    if (!this.#db.isOpen) return;
    try {
      this.all("PRAGMA busy_timeout = 0");
      this.all("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // Nothing is lost: whoever opens the store next reads the log.
    }
    this.#statements.clear();
    this.#db.close();
  }

  #watched<T>(fn: () => T): T {
    try {
      return guarded(fn);
    } catch (error) {
      if (error instanceof StoreError && error.kind === "transient") this.#onBusy();
      throw error;
    }
  }

  #transaction<T>(begin: string, fn: () => T): T {
    this.run(begin);
    try {
      const result = fn();
      if (result instanceof Promise) throw new TypeError("A transaction cannot be asynchronous");
      this.run("COMMIT");
      return result;
    } catch (error) {
      // SQLite rolls back by itself in some cases, a full disk for example.
      if (this.#db.isTransaction) this.run("ROLLBACK");
      throw error;
    }
  }

  /** Statements are few and fixed, so each is prepared once and kept. */
  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
