import type { LogFields, Logger, LogLevel } from "../../src/core/log.ts";

/** One captured line. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

/** A logger that keeps what it is told, and lets a test wait for it. */
export class LogCapture implements Logger {
  readonly records: LogRecord[] = [];
  readonly #waiting = new Set<() => void>();

  log(level: LogLevel, event: string, fields: LogFields = {}): void {
    this.records.push({ level, event, fields });
    for (const check of [...this.#waiting]) check();
  }

  error = (event: string, fields?: LogFields): void => this.log("error", event, fields);
  warn = (event: string, fields?: LogFields): void => this.log("warn", event, fields);
  info = (event: string, fields?: LogFields): void => this.log("info", event, fields);
  debug = (event: string, fields?: LogFields): void => this.log("debug", event, fields);
  enabled = (): boolean => true;
  child = (): Logger => this;

  /** What was logged as `event` so far. */
  of(event: string): LogRecord[] {
    return this.records.filter((record) => record.event === event);
  }

  /** The `n`-th record of `event` (from 1), once there is one. */
  seen(event: string, n = 1): Promise<LogRecord> {
    const { promise, resolve } = Promise.withResolvers<LogRecord>();
    const check = () => {
      const record = this.of(event)[n - 1];
      if (record === undefined) return;
      this.#waiting.delete(check);
      resolve(record);
    };
    this.#waiting.add(check);
    check();
    return promise;
  }
}
