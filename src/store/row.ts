/**
 * Reads the columns of a row as what they are meant to be.
 *
 * @module
 */

import { parseInstant } from "../core/instant.ts";
import { type Columns, StoreError } from "./database.ts";

/** A row of `table`. A column that does not hold what it should makes the read fail. */
export class Row {
  readonly #table: string;
  readonly #key: string;
  readonly #columns: Columns;

  /** `key` is a column that identifies the row in errors; it must not be a secret's hash. */
  constructor(table: string, key: string, columns: Columns) {
    this.#table = table;
    this.#key = key;
    this.#columns = columns;
  }

  text(column: string): string {
    const value = this.#columns[column];
    return typeof value === "string" ? value : this.#refuse(column, "text");
  }

  textOrNull(column: string): string | null {
    return this.#columns[column] === null ? null : this.text(column);
  }

  integer(column: string): bigint {
    const value = this.#columns[column];
    return typeof value === "bigint" ? value : this.#refuse(column, "an integer");
  }

  integerOrNull(column: string): bigint | null {
    return this.#columns[column] === null ? null : this.integer(column);
  }

  /** An integer of at most 53 bits: a port, a number of seconds and the like. */
  number(column: string): number {
    const number = Number(this.integer(column));
    return Number.isSafeInteger(number) ? number : this.#refuse(column, "an integer of 53 bits");
  }

  numberOrNull(column: string): number | null {
    return this.#columns[column] === null ? null : this.number(column);
  }

  boolean(column: string): boolean {
    return this.integer(column) === 1n;
  }

  instant(column: string): Temporal.Instant {
    const text = this.text(column);
    try {
      return parseInstant(text);
    } catch {
      return this.#refuse(column, "an RFC 3339 timestamp");
    }
  }

  instantOrNull(column: string): Temporal.Instant | null {
    return this.#columns[column] === null ? null : this.instant(column);
  }

  /** A text that must be one of `values`. */
  oneOf<T extends string>(column: string, values: readonly T[]): T {
    const text = this.text(column);
    return values.find((value) => value === text) ?? this.#refuse(column, values.join(" or "));
  }

  /** A JSON array of texts. */
  texts(column: string): readonly string[] {
    const parsed: unknown = JSON.parse(this.text(column));
    const isList = Array.isArray(parsed) && parsed.every((item) => typeof item === "string");
    return isList ? parsed : this.#refuse(column, "a list of texts");
  }

  /** The value itself is not named: it may be a secret's hash. */
  #refuse(column: string, expected: string): never {
    throw new StoreError(
      "corruption",
      `${this.#table}.${column} of ${this.#key} ${this.#columns[this.#key]} is not ${expected}`,
    );
  }
}
