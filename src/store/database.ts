/**
 * One SQLite connection: pragmas, transactions, statements, errors by class.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";

/** What kind of trouble SQLite reported. */
export type StoreErrorClass = "transient" | "conflict" | "corruption" | "internal";

/** A failed operation on an open store. The message is `<class>: <text of SQLite>`. */
export class StoreError extends Error {
  override readonly name = "StoreError";

  constructor(readonly kind: StoreErrorClass, detail: string, options?: ErrorOptions) {
    super(`${kind}: ${detail}`, options);
  }
}

/** Primary result codes, see https://sqlite.org/rescode.html; extended codes carry more in higher bits. */
const CLASS_OF_RESULT: ReadonlyMap<number, StoreErrorClass> = new Map([
  [5, "transient"], // SQLITE_BUSY
  [6, "transient"], // SQLITE_LOCKED
  [11, "corruption"], // SQLITE_CORRUPT
  [19, "conflict"], // SQLITE_CONSTRAINT
  [26, "corruption"], // SQLITE_NOTADB
]);

function storeError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const { errcode } = cause as { errcode?: unknown };
  const detail = cause instanceof Error ? cause.message : String(cause);
  const notADatabase = detail.includes("file is not a database") || detail.includes("malformed");
  const kind = typeof errcode === "number" ? CLASS_OF_RESULT.get(errcode & 0xff) : undefined;
  return new StoreError(kind ?? (notADatabase ? "corruption" : "internal"), detail, { cause });
}

/** A column value; integers are always `bigint`, so that none loses digits. */
export type SqlValue = string | bigint | null;

/** What a statement may be given. */
export type SqlParameter = string | bigint | number | null;

const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA foreign_keys = ON;
  PRAGMA busy_timeout = 5000;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -8000;
`;

/** A connection. Every method throws {@linkcode StoreError}. */
export class Database implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens or creates `path`. A new file frees pages to the file system when told to (incremental). */
  constructor(readonly path: string) {
    this.#db = guarded(() => new DatabaseSync(path));
    try {
      // Only has an effect before the first table is made.
      this.exec("PRAGMA auto_vacuum = INCREMENTAL");
      this.exec(PRAGMAS);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Runs SQL that takes no parameters and returns nothing. */
  exec(sql: string): void {
    guarded(() => this.#db.exec(sql));
  }

  /** Runs a statement; returns how many rows it changed. */
  run(sql: string, ...parameters: readonly SqlParameter[]): number {
    return guarded(() => Number(this.#statement(sql).run(...parameters).changes));
  }

  /** All rows of a query. */
  all(sql: string, ...parameters: readonly SqlParameter[]): Record<string, SqlValue>[] {
    return guarded(() => this.#statement(sql).all(...parameters) as Record<string, SqlValue>[]);
  }

  /** The first row of a query. */
  get(sql: string, ...parameters: readonly SqlParameter[]): Record<string, SqlValue> | undefined {
    return guarded(() =>
      this.#statement(sql).get(...parameters) as Record<string, SqlValue> | undefined
    );
  }

  /**
   * Runs `fn` in one `BEGIN IMMEDIATE` transaction: committed when it returns, rolled back when it
   * throws.
   *
   * @throws {TypeError} inside another transaction
   */
  transaction<T>(fn: () => T): T {
    if (this.#db.isTransaction) {
      throw new TypeError("Cannot begin a transaction inside another one");
    }
    this.exec("BEGIN IMMEDIATE");
    try {
      const result = fn();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      // SQLite may have rolled back by itself, after a full disk for example.
      if (this.#db.isTransaction) this.exec("ROLLBACK");
      throw error;
    }
  }

  /** Whether a transaction is open. */
  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db.close();
  }

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

function guarded<T>(fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw storeError(error);
  }
}
