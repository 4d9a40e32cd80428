/**
 * Typed, strict reading of one TOML table.
 *
 * @module
 */

import { closest } from "../core/closest.ts";
import type { Problems } from "./problems.ts";
import type { TomlPath } from "./toml_positions.ts";

/** A table as the parser gives it, with every integer as a `bigint`. */
export type Table = Readonly<Record<string, unknown>>;

const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** Reads a table of known keys; what is missing or wrong is `undefined`, what is wrong is noted. */
export class TableReader {
  readonly path: TomlPath;
  readonly problems: Problems;
  readonly #table: Table;

  constructor(
    { table, path, problems, keys }: {
      readonly table: Table;
      readonly path: TomlPath;
      readonly problems: Problems;
      /** All that may be in it. */
      readonly keys: readonly string[];
    },
  ) {
    this.#table = table;
    this.path = path;
    this.problems = problems;
    for (const key of Object.keys(table)) {
      if (keys.includes(key)) continue;
      const meant = closest(key, keys);
      const hint = meant === null
        ? `expected one of ${quoted(keys)}`
        : `did you mean \`${meant}\`?`;
      problems.add([...path, key], `toml parse error: unknown field \`${key}\`, ${hint}`);
    }
  }

  /** Whether the key is there, right or wrong. */
  has(key: string): boolean {
    return Object.hasOwn(this.#table, key);
  }

  string(key: string): string | undefined {
    return this.#read(key, "a string", (value) => typeof value === "string" ? value : undefined);
  }

  bool(key: string): boolean | undefined {
    return this.#read(
      key,
      "true or false",
      (value) => typeof value === "boolean" ? value : undefined,
    );
  }

  /** An integer of `min` to `max`. */
  integer(key: string, { min = 0n, max }: { min?: bigint; max: bigint }): bigint | undefined {
    return this.#read(
      key,
      `an integer of ${min} to ${max}`,
      (value) => typeof value === "bigint" && value >= min && value <= max ? value : undefined,
    );
  }

  table(key: string, keys: readonly string[]): TableReader | undefined {
    const table = this.#read(key, "a table", (value) => isTable(value) ? value : undefined);
    return table && this.#child(table, [...this.path, key], keys);
  }

  tables(key: string, keys: readonly string[]): TableReader[] | undefined {
    const list = this.#read(
      key,
      "an array of tables",
      (value) => Array.isArray(value) && value.every(isTable) ? value as Table[] : undefined,
    );
    return list?.map((table, i) => this.#child(table, [...this.path, key, i], keys));
  }

  /** Notes something about a key of this table. */
  problem(key: string, message: string): void {
    this.problems.add([...this.path, key], message);
  }

  /** Notes a value that has the right type and means nothing. */
  valueProblem(key: string, message: string): void {
    this.problems.addValue([...this.path, key], message);
  }

  #child(table: Table, path: TomlPath, keys: readonly string[]): TableReader {
    return new TableReader({ table, path, problems: this.problems, keys });
  }

  #read<T>(
    key: string,
    expected: string,
    convert: (value: unknown) => T | undefined,
  ): T | undefined {
    if (!this.has(key)) return undefined;
    const converted = convert(this.#table[key]);
    if (converted === undefined) {
      const found = describe(this.#table[key]);
      this.problem(key, `toml parse error: \`${key}\` must be ${expected}, not ${found}`);
    }
    return converted;
  }
}

const quoted = (keys: readonly string[]): string => keys.map((key) => `\`${key}\``).join(", ");

function describe(value: unknown): string {
  if (typeof value === "string") return "a string";
  if (Array.isArray(value)) return "an array of that";
  return isTable(value) ? "a table" : String(value);
}
