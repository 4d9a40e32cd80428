/**
 * Ctrl-C while a command is at work.
 *
 * @module
 */

import { onSignal, onStopSignal, type ProcessIo } from "../system/process_io.ts";
import { CommandError } from "./command_error.ts";

/** As shells say it of a program that SIGINT ended. */
const INTERRUPTED_EXIT = 130;

/** Signals of the process that are listened to until this is disposed of. */
export interface Interruption extends Disposable {
  /** Aborted when the command has to end. */
  readonly signal: AbortSignal;
}

/**
 * Until disposed of, Ctrl-C does not end the program: a change was asked for, and its answer is the
 * only word of what became of it. A second one gives up and says so.
 */
export function holdInterrupts(io: Pick<ProcessIo, "err">): Interruption {
  const controller = new AbortController();
  let count = 0;
  const handle = onSignal("SIGINT", () => {
    count += 1;
    if (count === 1) io.err("waiting for the server's answer; Ctrl-C again gives up");
    else controller.abort(gaveUp());
  });
  return { signal: controller.signal, [Symbol.dispose]: () => handle[Symbol.dispose]() };
}

const gaveUp = () =>
  new CommandError("error: interrupted: the server may have done it", INTERRUPTED_EXIT);

/** A signal for work that SIGINT and SIGTERM call off: whoever does it cleans up and throws. */
export function stopped(): Interruption {
  const controller = new AbortController();
  const reason = new CommandError("error: interrupted: nothing was done", INTERRUPTED_EXIT);
  const handle = onStopSignal(() => controller.abort(reason));
  return { signal: controller.signal, [Symbol.dispose]: () => handle[Symbol.dispose]() };
}

/** A signal for loops that go on until SIGINT or SIGTERM. */
export function untilStopped(): Interruption {
  const controller = new AbortController();
  const handle = onStopSignal(() => controller.abort());
  return { signal: controller.signal, [Symbol.dispose]: () => handle[Symbol.dispose]() };
}
