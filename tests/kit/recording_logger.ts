import type { LogFields, Logger, LogLevel } from "../../src/core/log.ts";
import { stringifyJson } from "../../src/core/json.ts";

/** One line as it was logged. */
export interface RecordedLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

/** A logger that keeps what it is told and lets a test wait for it. */
export class RecordingLogger implements Logger {
  readonly lines: RecordedLine[] = [];
  readonly #waiting = new Set<() => void>();

  log(level: LogLevel, event: string, fields: LogFields = {}): void {
    this.lines.push({ level, event, fields });
    for (const check of [...this.#waiting]) check();
  }

  error = (event: string, fields?: LogFields): void => this.log("error", event, fields);
  warn = (event: string, fields?: LogFields): void => this.log("warn", event, fields);
  info = (event: string, fields?: LogFields): void => this.log("info", event, fields);
  debug = (event: string, fields?: LogFields): void => this.log("debug", event, fields);
  enabled = (): boolean => true;
  child = (): Logger => this;

  /** The lines of an event so far. */
  of(event: string): RecordedLine[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** The names of the events so far, in order. */
  get events(): string[] {
    return this.lines.map(({ event }) => event);
  }

  /** The `n`-th line of `event` (from 1), once there is one. */
  seen(event: string, n = 1): Promise<RecordedLine> {
    const { promise, resolve } = Promise.withResolvers<RecordedLine>();
    const check = () => {
      const line = this.of(event)[n - 1];
      if (line === undefined) return;
      this.#waiting.delete(check);
      resolve(line);
    };
    this.#waiting.add(check);
    check();
    return promise;
  }

  /** Everything that was logged, as text to search for what must not be there. */
  text(): string {
    return stringifyJson(this.lines);
  }
}
