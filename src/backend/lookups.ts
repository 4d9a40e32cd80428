/**
 * Looks rows up by key for many requests with few queries.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { SHARED_IDENTITY } from "../core/limits.ts";
import type { Columns } from "../store/database.ts";
import type { SqlParameter } from "./sql.ts";

/** A query by a key that at most one row has. */
export interface KeyedQuery {
  /** The query, where the list of keys is `IN (?)`. */
  readonly sql: string;
  /** The column of its result that has the key. */
  readonly key: string;
}

/** Where rows are read from. */
export interface RowSource {
  read(sql: string, ...parameters: readonly SqlParameter[]): Promise<readonly Columns[]>;
}

interface Waiting {
  readonly key: string;
  readonly resolve: (row: Columns | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * What comes while queries are under way waits for the next one, together. A row is always read
 * after it was asked for, so an answer is never older than its question.
 */
export class Lookups {
  readonly #query: KeyedQuery;
  readonly #source: RowSource;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #underWay = 0;

  constructor(query: KeyedQuery, source: RowSource, clock: Clock) {
    this.#query = query;
    this.#source = source;
    this.#clock = clock;
  }

  /** The row of `key`. @throws what reading throws */
  find(key: string): Promise<Columns | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Columns | undefined>();
    this.#waiting.push({ key, resolve, reject });
    this.#send();
    return promise;
  }

  #send(): void {
    while (this.#waiting.length > 0 && this.#underWay < SHARED_IDENTITY.lookupsMax) {
      const batch = this.#waiting.splice(0, SHARED_IDENTITY.lookupKeysMax);
      this.#underWay++;
      const { promise: over, resolve: end } = Promise.withResolvers<void>();
      // A connection that is stuck must not keep everybody waiting.
      const timer = this.#clock.timer(SHARED_IDENTITY.lookupSlowMs, end);
      void this.#answer(batch).then(end); // throws nothing
      void over.then(() => {
        timer[Symbol.dispose]();
        this.#underWay--;
        this.#send();
      });
    }
  }

  async #answer(batch: readonly Waiting[]): Promise<void> {
    try {
      const rows = await this.#read([...new Set(batch.map(({ key }) => key))]);
      for (const { key, resolve } of batch) resolve(rows.get(key));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  async #read(keys: readonly string[]): Promise<ReadonlyMap<string, Columns>> {
    // Few lengths are few statements to prepare.
    const length = 2 ** Math.ceil(Math.log2(keys.length));
    const padded = Array.from({ length }, (_, i) => keys[i] ?? keys[0] ?? "");
    const rows = await this.#source.read(statementFor(this.#query.sql, length), ...padded);
    return new Map(rows.map((row) => [String(row[this.#query.key]), row]));
  }
}

/** The query with room for so many keys. */
function statementFor(sql: string, keys: number): string {
  return sql.replace("IN (?)", `IN (${Array(keys).fill("?").join(", ")})`);
}
