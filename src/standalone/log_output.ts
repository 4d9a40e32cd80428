/**
 * The log of standalone mode: its filter and form come from the file, and a new file changes them.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { createLogger, type LogSink, parseLogFilter } from "../telemetry/log.ts";

/** What decides about log lines. */
export interface LogSettings {
  readonly logLevel: string;
  readonly logFormat: string;
}

/** A logger whose settings can be replaced while others hold it. */
export function standaloneLogger(
  { settings, sink, clock }: {
    readonly settings: LogSettings;
    readonly sink: LogSink;
    readonly clock: Clock;
  },
): { readonly logger: Logger; configure(settings: LogSettings): void } {
  let filter = parseLogFilter(settings.logLevel, "warn");
  let isPretty = settings.logFormat === "pretty";
  const logger = createLogger({
    target: "portunus_standalone",
    filter: { enabled: (target, level) => filter.enabled(target, level) },
    sink: (line) => sink(isPretty ? prettyLine(line) : line),
    clock,
  });
  return {
    logger,
    configure(next) {
      filter = parseLogFilter(next.logLevel, "warn");
      isPretty = next.logFormat === "pretty";
    },
  };
}

/** Several lines for people, from one for programs. Terminal controls are written as escapes. */
export function prettyLine(json: string): string {
  const { timestamp, level, target, fields } = JSON.parse(json);
  if (fields === undefined) return json;
  const { event, ...rest } = fields as Record<string, unknown>;
  const lines = Object.entries(rest).map(([name, value]) =>
    `    ${name}: ${typeof value === "string" ? JSON.stringify(value).slice(1, -1) : String(value)}`
  );
  return [`  ${timestamp} ${String(level).padStart(5)} ${event}`, `    in ${target}`, ...lines]
    .join("\n");
}
