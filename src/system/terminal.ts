/**
 * Secrets from the keyboard.
 *
 * @module
 */

/** What the reader needs of a terminal. `Deno.stdin` is one, if it is no file or pipe. */
export interface Terminal {
  isTerminal(): boolean;
  setRaw(mode: boolean): void;
  read(buffer: Uint8Array): Promise<number | null>;
}

const INTERRUPT = 0x03;
const END_OF_INPUT = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const DELETE = 0x7f;

/**
 * Reads a line that is not shown, after `show(prompt)`.
 *
 * @throws {Error} when there is no terminal, or the input ends or is interrupted
 */
export async function readHidden(
  terminal: Terminal,
  prompt: string,
  show: (text: string) => void,
): Promise<string> {
  if (!terminal.isTerminal()) throw new Error("stdin is not a terminal");
  // Who types as soon as the prompt is there must not see it either.
  terminal.setRaw(true);
  try {
    show(prompt);
    return new TextDecoder().decode(await readLine(terminal));
  } finally {
    terminal.setRaw(false);
    show("\n");
  }
}

/** One byte at a time: what was typed ahead belongs to the next line. */
async function readLine(terminal: Terminal): Promise<Uint8Array<ArrayBuffer>> {
  const bytes: number[] = [];
  const buffer = new Uint8Array(1);
  for (;;) {
    const key = await terminal.read(buffer) === null ? END_OF_INPUT : buffer[0] ?? END_OF_INPUT;
    if (key === RETURN || key === LINE_FEED) return new Uint8Array(bytes);
    if (key === INTERRUPT || key === END_OF_INPUT) throw new Error("no password was entered");
    if (key === BACKSPACE || key === DELETE) dropCharacter(bytes);
    else bytes.push(key);
  }
}

/** Removes the last character, which in UTF-8 may be several bytes. */
function dropCharacter(bytes: number[]): void {
  let last = bytes.pop();
  while (last !== undefined && (last & 0xc0) === 0x80) last = bytes.pop();
}
