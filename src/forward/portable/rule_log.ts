/**
 * What a rule logs: its id in each line, and no flood of warnings.
 *
 * @module
 */

import type { LogFields, Logger, LogLevel } from "../../core/log.ts";
import type { LogGate } from "./log_gate.ts";

/** A rule as far as its log lines go. */
export interface LoggingRule {
  readonly ruleId: bigint;
  readonly environment: { readonly logger: Logger };
  readonly warnings: LogGate;
}

/** Logs an event of the rule. Of warnings a flood is cut short, with the number left out. */
export function logEvent(
  { environment: { logger }, ruleId, warnings }: LoggingRule,
  level: LogLevel,
  event: string,
  fields: LogFields,
): void {
  const line = level === "warn" ? warnings.pass(event) : { suppressed: 0 };
  if (line === null) return;
  const suppressed = line.suppressed > 0 ? { suppressed: line.suppressed } : {};
  logger.log(level, event, { rule_id: `${ruleId}`, ...fields, ...suppressed });
}
