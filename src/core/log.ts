/**
 * The logger as the rest of the code sees it. `telemetry/log.ts` writes the lines.
 *
 * @module
 */

/** Severity, most severe first. */
export const LOG_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

/** What a field may hold. Integers beyond 2^53 are `bigint` and are written exactly. */
export type LogValue = string | number | bigint | boolean | null;
export type LogFields = Readonly<Record<string, LogValue | undefined>>;

/**
 * Structured logging: an event name (stable, scripts match it) and its fields.
 * Fields whose value is `undefined` are left out. Secrets are never passed.
 */
export interface Logger {
  log(level: LogLevel, event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
  /** Whether lines of `level` are written; guards fields that are costly to make. */
  enabled(level: LogLevel): boolean;
  /** A logger with another `target`, the module that `RUST_LOG` selects by. */
  child(target: string): Logger;
}
