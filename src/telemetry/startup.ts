import type { ErrorCode, PortunusError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

/** Reasons not to start that supervisors and scripts recognise by an event of their own. */
const STARTUP_EVENTS: ReadonlySet<ErrorCode> = new Set(
  ["store_in_use", "schema_version_too_new", "unsupported_filesystem", "backend_connect"] as const,
);

/** Logs `startup.<code>` where `error` is one of those; other errors are the caller's to report. */
export function logStartupFailure(logger: Logger, error: PortunusError): void {
  if (STARTUP_EVENTS.has(error.code)) {
    logger.error(`startup.${error.code}`, { error: error.message });
  }
}
