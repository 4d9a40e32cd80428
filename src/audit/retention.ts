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

/** How many entries went, and why. */
interface Deleted {
  readonly age: number;
  readonly overflow: number;
}

const DAY_MS = 86_400_000;

/** Deletes what is too old or too much every `AUDIT.sweepIntervalSecs`, until disposed. */
export class AuditRetention implements Disposable {
  readonly #options: AuditRetentionOptions;
  #timer: Disposable;
  #batch: Disposable | null = null;

  constructor(options: AuditRetentionOptions) {
    this.#options = options;
    this.#timer = this.#next();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#batch?.[Symbol.dispose]();
  }

  #next(): Disposable {
    return this.#options.clock.timer(AUDIT.sweepIntervalSecs * 1_000, () => {
      this.#timer = this.#next();
      this.#sweep();
    });
  }

  /** Deletes a batch, and the rest at later turns: requests are answered in between. */
  #sweep(soFar: Deleted = { age: 0, overflow: 0 }): void {
    const { audit, clock, logger } = this.#options;
    try {
      const oldest = instantFromMillis(clock.now() - AUDIT.keepDays * DAY_MS);
      const age = audit.deleteBefore(oldest, AUDIT.deleteBatchMax);
      const overflow = age > 0 ? 0 : audit.keepNewest(AUDIT.keepRowsMax, AUDIT.deleteBatchMax);
      const deleted = { age: soFar.age + age, overflow: soFar.overflow + overflow };
      if (age + overflow > 0) {
        this.#batch = clock.timer(0, () => this.#sweep(deleted));
        return;
      }
      logger.info("audit_retention.sweep", {
        deleted_age: deleted.age,
        deleted_overflow: deleted.overflow,
      });
    } catch (error) {
      logger.error("audit_retention.sweep_failed", { error: errorText(error) });
    }
  }
}
