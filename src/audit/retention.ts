/**
 * How long audit entries are kept: for some time, and up to some number.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import { instantFromMillis } from "../core/instant.ts";
import { AUDIT } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { AuditRepository } from "../store/audit.ts";

export interface AuditRetentionOptions {
  readonly audit: Pick<AuditRepository, "deleteBefore" | "keepNewest">;
  readonly clock: Clock;
  readonly logger: Logger;
}

const DAY_MS = 86_400_000;

/** Deletes what is too old or too much every `AUDIT.sweepIntervalSecs`, until disposed. */
export class AuditRetention implements Disposable {
  readonly #options: AuditRetentionOptions;
  #timer: Disposable;

  constructor(options: AuditRetentionOptions) {
    this.#options = options;
    this.#timer = this.#next();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #next(): Disposable {
    return this.#options.clock.timer(AUDIT.sweepIntervalSecs * 1_000, () => {
      this.#timer = this.#next();
      this.#sweep();
    });
  }

  #sweep(): void {
    const { audit, clock, logger } = this.#options;
    try {
      const deletedAge = audit.deleteBefore(
        instantFromMillis(clock.now() - AUDIT.keepDays * DAY_MS),
      );
      const deletedOverflow = audit.keepNewest(AUDIT.keepRowsMax);
      logger.info("audit_retention.sweep", {
        deleted_age: deletedAge,
        deleted_overflow: deletedOverflow,
      });
    } catch (error) {
      logger.error("audit_retention.sweep_failed", { error: errorText(error) });
    }
  }
}
