/**
 * What a program has of its process: output, environment, signals. Passed in, so that commands
 * can be run inside a test.
 *
 * @module
 */

import { readHidden } from "./terminal.ts";

/** A program's surroundings. */
export interface ProcessIo {
  /** Writes `text` and a newline to stdout. */
  out(text: string): void;
  /** Writes `text` and a newline to stderr. */
  err(text: string): void;
  /**
   * Shows how far long work has got, in the place of what was shown before, if somebody looks at
   * stderr; nothing for an empty text.
   */
  status(text: string): void;
  /** Whether somebody looks at stdout. */
  isTerminal(): boolean;
  /** How many characters fit into a line. */
  columns(): number;
  /** An environment variable; `undefined` when unset. */
  env(name: string): string | undefined;
  /** Everything that stdin gives, up to its end. */
  input(): Promise<string>;
  /** A line typed after `prompt` and not shown. @throws {Error} without a terminal */
  secret(prompt: string): Promise<string>;
}

const COLUMNS_WITHOUT_TERMINAL = 80;

const utf8 = new TextEncoder();

function write(stream: { writeSync(data: Uint8Array): number }, text: string): void {
  let rest = utf8.encode(text);
  while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
}

/** The real process. Output is synchronous: nothing is lost when the process exits right after. */
export const processIo: ProcessIo = {
  out: (text) => write(Deno.stdout, `${text}\n`),
  err: (text) => write(Deno.stderr, `${text}\n`),
  status(text) {
    if (Deno.stderr.isTerminal()) write(Deno.stderr, `\r\x1b[K${text}`);
  },
  isTerminal: () => Deno.stdout.isTerminal(),
  columns: () => Deno.stdout.isTerminal() ? Deno.consoleSize().columns : COLUMNS_WITHOUT_TERMINAL,
  env: (name) => Deno.env.get(name),
  input: () => new Response(Deno.stdin.readable).text(),
  async secret(prompt) {
    // The terminal must not stay silent for the shell that comes after us.
    using _ = onStopSignal((signal) => {
      Deno.stdin.setRaw(false);
      Deno.exit(128 + (signal === "SIGINT" ? 2 : 15));
    });
    return await readHidden(Deno.stdin, prompt, (text) => write(Deno.stderr, text));
  },
};

/** The first line of stdin, for secrets that do not belong on a command line. */
export async function firstLine(io: Pick<ProcessIo, "input">): Promise<string> {
  const [line = ""] = (await io.input()).split(/\r?\n/, 1);
  return line;
}

/** Signals that end a program in an orderly way. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** Calls `fn` on every `signal` until the handle is disposed. */
export function onSignal(signal: Deno.Signal, fn: () => void): Disposable {
  Deno.addSignalListener(signal, fn);
  return { [Symbol.dispose]: () => Deno.removeSignalListener(signal, fn) };
}

/** Calls `fn` on every SIGINT and SIGTERM until the handle is disposed. */
export function onStopSignal(fn: (signal: StopSignal) => void): Disposable {
  const handlers = new DisposableStack();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    handlers.use(onSignal(signal, () => fn(signal)));
  }
  return handlers;
}

/** Whether `path` is an existing regular file (links are followed). */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
