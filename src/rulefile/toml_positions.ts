/**
 * Where things are in a TOML document: the parser tells values apart from each other, but not
 * where they were written.
 *
 * @module
 */

/** Keys and array indices from the top. */
export type TomlPath = readonly (string | number)[];

/** A place in a text, both from 1; columns are UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Finds keys, table headers and array elements of `text`, which must be a valid document (see
 * toml.io, version 1.0). A path without a place of its own has that of the nearest one around it.
 */
export function locateToml(text: string): (path: TomlPath) => Position {
  const offsets = new Scanner(text).scan();
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const offset = offsets.get(keyOf(path.slice(0, length)));
      if (offset !== undefined) return positionOf(text, offset);
    }
    return { line: 1, column: 1 };
  };
}

/** The line and column of a UTF-16 offset. */
export function positionOf(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

const keyOf = (path: TomlPath): string => JSON.stringify(path);

const SPACE = /[ \t\r\n]*(?:#[^\n]*[ \t\r\n]*)*/y;
const BARE_KEY = /[A-Za-z0-9_-]+/y;
const BASIC = /"(?:[^"\\\n]|\\.)*"/y;
const LITERAL = /'[^'\n]*'/y;
const LONG_BASIC = /"""(?:[^\\]|\\[\s\S])*?"""(?:"{0,2})/y;
const LONG_LITERAL = /'''[\s\S]*?'''(?:'{0,2})/y;
const SCALAR = /[^,\]}#\r\n]+/y;

class Scanner {
  readonly #offsets = new Map<string, number>();
  /** Elements of each array of tables so far. */
  readonly #lengths = new Map<string, number>();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): Map<string, number> {
    let table: TomlPath = [];
    for (this.#match(SPACE); this.#at < this.#text.length; this.#match(SPACE)) {
      const before = this.#at;
      if (this.#text[this.#at] === "[") table = this.#header();
      else this.#entry(table);
      // A document that is not valid after all must not hold us for ever.
      if (this.#at === before) break;
    }
    return this.#offsets;
  }

  #header(): TomlPath {
    const start = this.#at;
    const isElement = this.#text.startsWith("[[", start);
    this.#at += isElement ? 2 : 1;
    const keys = this.#keys();
    this.#at += isElement ? 2 : 1;
    let path: TomlPath = [];
    keys.forEach((key, i) => {
      path = [...path, key];
      const length = this.#lengths.get(keyOf(path));
      if (isElement && i === keys.length - 1) {
        this.#lengths.set(keyOf(path), (length ?? 0) + 1);
        path = [...path, length ?? 0];
      } else if (length !== undefined) {
        path = [...path, length - 1];
      }
    });
    this.#note(path, start);
    return path;
  }

  #entry(table: TomlPath): void {
    const start = this.#at;
    const path = [...table, ...this.#keys()];
    this.#note(path, start);
    if (this.#text[this.#at] === "=") this.#at += 1;
    this.#match(SPACE);
    this.#value(path);
  }

  #keys(): string[] {
    const keys: string[] = [];
    for (;;) {
      this.#match(SPACE);
      const basic = this.#match(BASIC);
      const literal = basic === "" ? this.#match(LITERAL) : "";
      if (basic !== "") keys.push(unescaped(basic));
      else if (literal !== "") keys.push(literal.slice(1, -1));
      else keys.push(this.#match(BARE_KEY));
      this.#match(SPACE);
      if (this.#text[this.#at] !== ".") return keys;
      this.#at += 1;
    }
  }

  #value(path: TomlPath): void {
    const first = this.#text[this.#at];
    if (first === "[") {
      this.#list("]", (i) => {
        this.#note([...path, i], this.#at);
        this.#value([...path, i]);
      });
    } else if (first === "{") {
      this.#list("}", () => this.#entry(path));
    } else {
      const strings = first === '"' || first === "'";
      if (!strings) this.#match(SCALAR);
      else [LONG_BASIC, LONG_LITERAL, BASIC, LITERAL].some((form) => this.#match(form) !== "");
    }
  }

  #list(end: string, element: (index: number) => void): void {
    this.#at += 1;
    for (let i = 0;; i++) {
      this.#match(SPACE);
      if (this.#text[this.#at] === end || this.#at >= this.#text.length) break;
      const before = this.#at;
      element(i);
      this.#match(SPACE);
      if (this.#text[this.#at] === ",") this.#at += 1;
      if (this.#at === before) break;
    }
    this.#at += 1;
  }

  #note(path: TomlPath, offset: number): void {
    this.#offsets.set(keyOf(path), offset);
  }

  #match(form: RegExp): string {
    form.lastIndex = this.#at;
    const [found = ""] = form.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }
}

/** The escapes of TOML that JSON lacks are too rare in keys to matter for a position. */
function unescaped(basic: string): string {
  try {
    const value: unknown = JSON.parse(basic);
    return typeof value === "string" ? value : basic;
  } catch {
    return basic.slice(1, -1);
  }
}
