import type { SharedAccounts } from "../backend/shared_accounts.ts";
import type { AccessService } from "../control/access.ts";
import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import { SHARED_IDENTITY } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";

export interface OwnerSweepOptions {
  readonly shared: Pick<SharedAccounts, "removedElsewhere" | "forget" | "sweep">;
  readonly access: Pick<AccessService, "forgetUser">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Follows, once a minute, what other servers removed from the shared accounts. */
export class OwnerSweep implements Disposable {
  readonly #options: OwnerSweepOptions;
  #timer: Disposable;
  #over = false;

  constructor(options: OwnerSweepOptions) {
    this.#options = options;
    this.#timer = this.#schedule();
  }

  /** Looks once. Failures are logged: the next minute is another chance. */
  async run(): Promise<void> {
    const { shared, access, logger } = this.#options;
    try {
      for (const userId of await shared.removedElsewhere()) {
        await access.forgetUser(userId, (id) => shared.forget(id));
      }
      await shared.sweep();
    } catch (error) {
      logger.warn("auth_backend.sweep_failed", { error: errorText(error) });
    }
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#timer[Symbol.dispose]();
  }

  #schedule(): Disposable {
    return this.#options.clock.timer(SHARED_IDENTITY.sweepIntervalSecs * 1_000, () => {
      void this.run().finally(() => { // throws nothing
        if (!this.#over) this.#timer = this.#schedule();
      });
    });
  }
}
