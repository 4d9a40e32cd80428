import type { Logger } from "../../src/core/log.ts";

const drop = (): void => {};

/** A logger for tests that look at no log lines. */
export const silentLogger: Logger = {
  log: drop,
  error: drop,
  warn: drop,
  info: drop,
  debug: drop,
  enabled: () => false,
  child: () => silentLogger,
};
