/**
 * What is wrong with a configuration file, all of it at once.
 *
 * @module
 */

import type { Position, TomlPath } from "./toml_positions.ts";

/** One thing that is wrong, and where. */
export interface Problem extends Position {
  readonly message: string;
  /**
   * A host, protocol or PROXY version that means nothing: 3.1.0 noticed only when it started, and
   * then exited with another status.
   */
  readonly isValue: boolean;
}

/** A file that cannot be used, with every problem it has, in the order of the text. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map((it) => `${it.line}:${it.column}: ${it.message}`).join("\n"));
  }

  override name = "ConfigError";

  /** Whether 3.1.0 would have loaded the file, and failed to start. */
  get onlyValues(): boolean {
    return this.problems.every(({ isValue }) => isValue);
  }

  /** A line per problem for people, each with the file's name, as compilers write it. */
  describe(path: string): string {
    return this.problems.map((it) => `${path}:${it.line}:${it.column}: ${it.message}`).join("\n  ");
  }
}

/** Collects problems while a file is read. */
export class Problems {
  readonly #found: Problem[] = [];
  readonly #locate: (path: TomlPath) => Position;

  readonly #label: (path: TomlPath) => string;

  /** @param label what messages begin with, where positions say little */
  constructor(locate: (path: TomlPath) => Position, label: (path: TomlPath) => string = () => "") {
    this.#locate = locate;
    this.#label = label;
  }

  /** How many there are so far. */
  get count(): number {
    return this.#found.length;
  }

  /** Where `path` is in the file. */
  positionOf(path: TomlPath): Position {
    return this.#locate(path);
  }

  add(path: TomlPath, message: string): void {
    this.#push(path, message, false);
  }

  addValue(path: TomlPath, message: string): void {
    this.#push(path, message, true);
  }

  #push(path: TomlPath, text: string, isValue: boolean): void {
    const message = `${this.#label(path)}${text}`;
    this.#found.push({ ...this.#locate(path), message, isValue });
  }

  /** @throws {ConfigError} when anything was added */
  check(): void {
    if (this.#found.length === 0) return;
    throw new ConfigError(
      this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column),
    );
  }
}
