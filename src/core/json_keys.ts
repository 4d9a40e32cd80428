/**
 * Keys that a JSON text has twice, which `JSON.parse` does not tell.
 *
 * @module
 */

/** Where a key is: keys of objects, and positions in lists. */
export type JsonPath = readonly (string | number)[];

/** An object or a list that is being read. */
interface Level {
  /** `null` for a list. */
  readonly keys: Set<string> | null;
  /** Of the value that comes next: its key, or its position. */
  at: string | number;
}

/** Strings, and what gives a text its structure. The rest says nothing about keys. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/gs;

/** The paths of all keys of `text`, a valid JSON text, that their object has already. */
export function repeatedKeys(text: string): JsonPath[] {
  const repeated: JsonPath[] = [];
  const levels: Level[] = [];
  let expectsKey = false;
  for (const [token] of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    switch (token) {
      case "{":
      case "[":
        levels.push(token === "{" ? { keys: new Set(), at: "" } : { keys: null, at: 0 });
        expectsKey = token === "{";
        break;
      case "}":
      case "]":
        levels.pop();
        expectsKey = false;
        break;
      case ",":
        if (typeof level?.at === "number") level.at += 1;
        expectsKey = level?.keys !== null;
        break;
      default:
        if (!expectsKey || !level?.keys) break;
        level.at = JSON.parse(token) as string;
        if (level.keys.has(level.at)) repeated.push(levels.map(({ at }) => at));
        level.keys.add(level.at);
        expectsKey = false;
    }
  }
  return repeated;
}
