/**
 * What the drivers of the several databases have in common: connections, results, errors by class.
 *
 * @module
 */

import type { Columns } from "../store/database.ts";
import { redact } from "./redaction.ts";

/** What a statement may be given. A `number` must be an integer. */
export type SqlParameter = string | number | null;

export interface SqlResult {
  /** Integers are `bigint`. */
  readonly rows: readonly Columns[];
  /** Rows inserted, deleted, or found to be updated. */
  readonly changes: number;
}

/** Runs statements whose parameters are written `?`. Throws {@linkcode SqlError}. */
export interface SqlSession {
  query(sql: string, ...parameters: readonly SqlParameter[]): Promise<SqlResult>;
}

/** A connection. Every method throws {@linkcode SqlError}. */
export interface SqlConnection extends SqlSession {
  /** `false` once it can only be closed. */
  readonly usable: boolean;
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Ends it at once; what is under way fails. */
  close(): void;
}

export interface ConnectOptions {
  /** What the database itself allows a statement, in milliseconds. */
  readonly statementTimeoutMs: number;
  /** How long a connection may take to come about, in milliseconds. */
  readonly connectTimeoutMs: number;
}

/** Opens connections to one database. */
export type Connect = (options: ConnectOptions) => Promise<SqlConnection>;

/** What the databases do not say alike. */
export interface Dialect {
  /** Ends a query whose rows nobody else may change until the transaction is over. */
  readonly forUpdate: string;
  /** Ends an insert that is to do nothing when a row of this key is there. */
  ignoreExisting(key: string): string;
  /** Ends the definition of a table. Text in it differs by case, and by spaces at its end. */
  tableOptions(session: SqlSession): Promise<string>;
  /** Whether an index is made inside the definition of its table. */
  readonly inlineIndexes: boolean;
  /** Runs `work` while no other server does the same; `seconds` at most to wait. */
  exclusively<T>(connection: SqlConnection, seconds: number, work: () => Promise<T>): Promise<T>;
}

/** A query and its parameters. */
export interface Query {
  readonly sql: string;
  readonly parameters: readonly SqlParameter[];
}

/** A database as its driver knows it. */
export interface Driver {
  /** The rows of several queries, all of the same state; only where replicas are made of it. */
  readonly snapshot?: (
    queries: readonly Query[],
    signal: AbortSignal,
  ) => Promise<readonly (readonly Columns[])[]>;
  readonly connect: Connect;
  readonly dialect: Dialect;
}

/**
 * - `conflict`: a key is there already
 * - `contention`: another transaction won; the whole may be tried again
 * - `timeout`: the database gave up on a statement
 * - `unavailable`: there is no connection, or there is none any more
 * - `internal`: anything else
 */
export type SqlErrorKind = "conflict" | "contention" | "timeout" | "unavailable" | "internal";

/** A statement that failed. The message has no secrets of the connection. */
export class SqlError extends Error {
  override readonly name = "SqlError";

  constructor(readonly kind: SqlErrorKind, detail: string, options?: ErrorOptions) {
    super(redact(detail), options);
  }
}

/** Runs `work`; what the driver throws becomes a {@linkcode SqlError} of the kind `kindOf` says. */
export async function naming<T>(
  kindOf: (error: Error) => SqlErrorKind,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof SqlError || !(cause instanceof Error)) throw cause;
    // Some errors of node:net have no message of their own, and that of fetch says little.
    const text = cause.message || String((cause as { code?: unknown }).code ?? cause.name);
    const reason = cause.cause instanceof Error ? `${text}: ${cause.cause.message}` : text;
    throw new SqlError(kindOf(cause), reason, { cause });
  }
}

/** Codes of `node:net` and `node:tls` that say that there is no connection. */
export function isNetworkError(error: Error): boolean {
  const code = "code" in error ? String(error.code) : "";
  return /^(E[A-Z]+|ERR_(SOCKET|TLS|STREAM)\w*)$/.test(code);
}
