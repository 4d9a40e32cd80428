/**
 * How a daemon is told to stop: once to end what it does, a second time to end at once.
 *
 * @module
 */

import type { Logger } from "../core/log.ts";
import { onStopSignal, type StopSignal } from "./process_io.ts";

export interface ShutdownOptions {
  readonly logger: Logger;
  /** Called by the first signal. */
  readonly stop: () => void;
  /** Ends the process; called by the second signal. @default {Deno.exit} */
  readonly exit?: (status: number) => void;
  /** @default {onStopSignal} */
  readonly listen?: typeof onStopSignal;
}

/** As shells say it of a program that a signal ended. */
const EXIT_STATUS: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Listens for SIGINT and SIGTERM until the handle is disposed. */
export function onShutdown(options: ShutdownOptions): Disposable {
  const { logger, stop, exit = Deno.exit, listen = onStopSignal } = options;
  let isStopping = false;
  return listen((signal) => {
    if (isStopping) {
      logger.warn("shutdown.forced", { signal });
      return exit(EXIT_STATUS[signal]);
    }
    isStopping = true;
    logger.info("shutdown.signal", { signal });
    stop();
  });
}
