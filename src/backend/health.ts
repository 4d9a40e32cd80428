import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

/** What became of statements. */
export type Outcome = "ok" | "unavailable" | "timeout";

/** Remembers whether the database answers, and logs when that changes. */
export class Health {
  readonly #backend: string;
  readonly #logger: Logger;
  #up = true;
  readonly #failures = { unavailable: 0, timeout: 0 };

  constructor(backend: string, logger: Logger) {
    this.#backend = backend;
    this.#logger = logger;
  }

  /** Whether the last statement was answered. */
  get up(): boolean {
    return this.#up;
  }

  /** Failures since the start. */
  get failures(): Readonly<Record<Exclude<Outcome, "ok">, number>> {
    return this.#failures;
  }

  succeeded(): void {
    if (!this.#up) this.#logger.info("auth_backend.recovered", { backend: this.#backend });
    this.#up = true;
  }

  failed(outcome: Exclude<Outcome, "ok">, error: unknown): void {
    this.#failures[outcome]++;
    if (this.#up) {
      this.#logger.error("auth_backend.failed", {
        backend: this.#backend,
        outcome,
        error: errorText(error),
      });
    }
    this.#up = false;
  }
}
