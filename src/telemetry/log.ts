/**
 * JSON log lines on stderr, one object per line:
 * `{"timestamp":…,"level":"INFO","fields":{"event":…,…},"target":…}`.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { stringifyJson } from "../core/json.ts";
import { LOG_LEVELS, type LogFields, type Logger, type LogLevel } from "../core/log.ts";
import { systemClock } from "../system/clock.ts";

/** Writes one line; the line has no newline at its end. */
export type LogSink = (line: string) => void;

/** Decides by target and level; parsed from `RUST_LOG`. */
export interface LogFilter {
  enabled(target: string, level: LogLevel): boolean;
}

const severity = (level: LogLevel | "off"): number =>
  level === "off" ? -1 : LOG_LEVELS.indexOf(level);

/**
 * Reads comma-separated directives, `level` or `target=level`; the longest matching target
 * prefix wins. Text that is absent or not understood means `fallback`, as in 3.1.0.
 */
export function parseLogFilter(
  text: string | undefined,
  fallback: LogLevel = "info",
): LogFilter {
  const directives: { prefix: string; max: number }[] = [];
  for (const part of (text ?? "").split(",").map((it) => it.trim()).filter((it) => it !== "")) {
    const [left, right] = part.split("=", 2);
    const level = (right ?? left ?? "").toLowerCase();
    if (level !== "off" && !(LOG_LEVELS as readonly string[]).includes(level)) {
      return parseLogFilter(fallback, fallback);
    }
    directives.push({
      prefix: right === undefined ? "" : left ?? "",
      max: severity(level as LogLevel | "off"),
    });
  }
  if (directives.length === 0) return parseLogFilter(fallback, fallback);
  directives.sort((a, b) => b.prefix.length - a.prefix.length);
  return {
    enabled(target, level) {
      const hit = directives.find(({ prefix }) =>
        prefix === "" || target === prefix || target.startsWith(`${prefix}::`)
      );
      return hit !== undefined && severity(level) <= hit.max;
    },
  };
}

/** Whether every directive of `text` is understood. */
export function isLogFilter(text: string): boolean {
  const parts = text.split(",").map((it) => it.trim()).filter((it) => it !== "");
  return parts.length > 0 && parts.every((part) => {
    const level = part.slice(part.indexOf("=") + 1);
    return ["off", ...LOG_LEVELS].includes(level.toLowerCase());
  });
}

/** A filter whose directives can be replaced while loggers use it. */
export class LiveLogFilter implements LogFilter {
  #filter: LogFilter;

  constructor(text: string | undefined) {
    this.#filter = parseLogFilter(text);
  }

  /** Takes `text` from now on, as {@linkcode parseLogFilter} reads it. */
  use(text: string | undefined): void {
    this.#filter = parseLogFilter(text);
  }

  enabled(target: string, level: LogLevel): boolean {
    return this.#filter.enabled(target, level);
  }
}

/** Field names that could carry a secret; one of them in a line is a defect to be seen at once. */
const SUSPICIOUS_FIELD = /token|secret|private_key/i;

/** A logger that writes to `sink`. */
export function createLogger(options: {
  readonly target: string;
  readonly filter: LogFilter;
  readonly sink: LogSink;
  readonly clock: Clock;
}): Logger {
  const { target, filter, sink, clock } = options;
  const log = (level: LogLevel, event: string, fields: LogFields = {}): void => {
    if (!filter.enabled(target, level)) return;
    const timestamp = new Date(clock.now()).toISOString().replace("Z", "000Z");
    sink(
      stringifyJson({
        timestamp,
        level: level.toUpperCase(),
        fields: { event, ...fields },
        target,
      }),
    );
    const suspicious = Object.keys(fields).find((name) => SUSPICIOUS_FIELD.test(name));
    if (suspicious !== undefined) {
      sink(stringifyJson({ event: "audit.redaction_violation", field: suspicious, target }));
    }
  };
  return {
    log,
    error: (event, fields) => log("error", event, fields),
    warn: (event, fields) => log("warn", event, fields),
    info: (event, fields) => log("info", event, fields),
    debug: (event, fields) => log("debug", event, fields),
    enabled: (level) => filter.enabled(target, level),
    child: (childTarget) => createLogger({ ...options, target: childTarget }),
  };
}

const utf8 = new TextEncoder();

/** Writes lines to stderr synchronously, so that the last line before an exit is never lost. */
export const stderrSink: LogSink = (line) => {
  let rest = utf8.encode(`${line}\n`);
  while (rest.length > 0) rest = rest.subarray(Deno.stderr.writeSync(rest));
};

/** The logger of a program: JSON lines on stderr, filtered by `RUST_LOG` unless `filter` is given. */
export function processLogger(
  target: string,
  env: (name: string) => string | undefined,
  filter: LogFilter = parseLogFilter(env("RUST_LOG")),
): Logger {
  return createLogger({
    target,
    filter,
    sink: stderrSink,
    clock: systemClock,
  });
}
