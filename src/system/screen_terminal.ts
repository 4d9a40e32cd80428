/**
 * A whole terminal, for programs that draw.
 *
 * @module
 */

import { onSignal, onStopSignal } from "./process_io.ts";

/** What a drawing program has of its terminal. */
export interface ScreenTerminal {
  /** Whether both keyboard and screen are there. */
  isTerminal(): boolean;
  setRaw(mode: boolean): void;
  size(): { readonly width: number; readonly height: number };
  write(text: string): void;
  /** What is typed, as it comes; ends with the input. */
  typed(): AsyncIterable<string>;
  /** Calls `fn` when the size has changed. */
  onResize(fn: () => void): Disposable;
  /** Calls `fn` when the program is asked to end, or the terminal goes away. */
  onStop(fn: () => void): Disposable;
}

const utf8 = new TextEncoder();

/** stdin and stdout. */
export const screenTerminal: ScreenTerminal = {
  isTerminal: () => Deno.stdin.isTerminal() && Deno.stdout.isTerminal(),
  setRaw: (mode) => Deno.stdin.setRaw(mode),
  size() {
    const { columns, rows } = Deno.consoleSize();
    // A terminal that does not know says 0.
    return { width: columns || 80, height: rows || 24 };
  },
  write(text) {
    let rest = utf8.encode(text);
    while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
  },
  async *typed() {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(1_024);
    for (;;) {
      const length = await Deno.stdin.read(buffer);
      if (length === null) return;
      yield decoder.decode(buffer.subarray(0, length), { stream: true });
    }
  },
  onResize: (fn) => onSignal("SIGWINCH", fn),
  onStop(fn) {
    const handlers = new DisposableStack();
    handlers.use(onStopSignal(fn));
    handlers.use(onSignal("SIGHUP", fn));
    return handlers;
  },
};
