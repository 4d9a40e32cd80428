/**
 * What was typed, from what a terminal in raw mode sends (xterm's sequences, ECMA-48).
 *
 * @module
 */

const NAMED = [
  "up",
  "down",
  "left",
  "right",
  "tab",
  "backtab",
  "enter",
  "escape",
  "backspace",
  "interrupt",
] as const;
type Named = typeof NAMED[number];

/** A key with a name, or a character. */
export interface Key {
  readonly name: Named | "char";
  /** Empty for those with a name. */
  readonly char: string;
}

const SEQUENCES: Readonly<Record<string, Named>> = {
  "[A": "up",
  "[B": "down",
  "[C": "right",
  "[D": "left",
  "OA": "up",
  "OB": "down",
  "OC": "right",
  "OD": "left",
  "[Z": "backtab",
};

const CONTROLS: Readonly<Record<string, Named>> = {
  "\t": "tab",
  "\r": "enter",
  "\n": "enter",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x03": "interrupt",
};

/** A control sequence: parameters, intermediates, a final byte; or one of "single shift". */
// deno-lint-ignore no-control-regex -- it is control characters that are looked for.
const TOKEN = /\x1b(\[[0-?]*[ -/]*[@-~]|O[A-Z])|\x1b|[^\x1b]/gu;

/**
 * The keys of one read. An escape that begins nothing is the Escape key; sequences that mean
 * nothing here are dropped whole, so that their letters are no commands.
 */
export function parseKeys(text: string): Key[] {
  const keys: Key[] = [];
  for (const [token, sequence] of text.matchAll(TOKEN)) {
    const name = sequence === undefined
      ? token === "\x1b" ? "escape" : CONTROLS[token]
      : SEQUENCES[sequence];
    if (name !== undefined) keys.push({ name, char: "" });
    else if (sequence === undefined && token >= " ") keys.push({ name: "char", char: token });
  }
  return keys;
}
