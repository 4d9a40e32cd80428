/**
 * Keeps the file of `users_export_path` as the accounts are.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import { SHARED_IDENTITY } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { UserStore } from "../identity/identity_store.ts";
import { usersYaml } from "../identity/users_export.ts";
import { writeFileAtomic } from "../system/atomic_file.ts";

/** How the last export went. */
export interface ExportStatus {
  readonly path: string;
  /** `null` before the first success. */
  readonly writtenAt: Temporal.Instant | null;
  /** `null` after a success. */
  readonly lastError: string | null;
}

export interface UsersExportOptions {
  /** `null` for nowhere. */
  readonly path: () => string | null;
  readonly accounts: Pick<UserStore, "exported">;
  readonly domain: () => string | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writes the file, atomically and for its owner's eyes. @throws {Error} what the file system says */
export async function exportUsers(
  path: string,
  { accounts, domain }: Pick<UsersExportOptions, "accounts" | "domain">,
): Promise<number> {
  const users = await accounts.exported();
  await writeFileAtomic(path, await usersYaml(users, domain()), { mode: 0o600 });
  return users.filter(({ passwordHash }) => passwordHash !== null).length;
}

/**
 * Writes when it is told of a change, one time at once, and looks by itself once a minute: other
 * servers may share the accounts, and what failed is tried again.
 */
export class UsersExport implements AsyncDisposable {
  readonly #options: UsersExportOptions;
  #running: Promise<void> | null = null;
  #isStale = false;
  #isOver = false;
  #timer: Disposable | null = null;
  /** What is in the file; `null` while that is not known. */
  #written: string | null = null;
  #writtenAt: Temporal.Instant | null = null;
  #lastError: string | null = null;

  constructor(options: UsersExportOptions) {
    this.#options = options;
  }

  /** `null` where nothing is exported. */
  status(): ExportStatus | null {
    const path = this.#options.path();
    return path === null ? null : { path, writtenAt: this.#writtenAt, lastError: this.#lastError };
  }

  /** Begins: the file may be old, or not there. */
  start(): void {
    void this.changed(); // throws nothing
    this.#timer = this.#options.clock.timer(SHARED_IDENTITY.sweepIntervalSecs * 1_000, () => {
      if (!this.#isOver) this.start();
    });
  }

  /** After a change of accounts. Resolves when the file has it, or could not be written. */
  changed(): Promise<void> {
    this.#isStale = true;
    this.#running ??= this.#write().finally(() => this.#running = null);
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  async #write(): Promise<void> {
    const { path, accounts, domain, clock, logger } = this.#options;
    while (this.#isStale && !this.#isOver) {
      this.#isStale = false;
      const target = path();
      if (target === null) return;
      try {
        const text = await usersYaml(await accounts.exported(), domain());
        const isThere = await Deno.stat(target).then(() => true, () => false);
        const content = `${target}\n${text}`;
        if (isThere && content === this.#written) continue;
        await writeFileAtomic(target, text, { mode: 0o600 });
        this.#written = content;
        this.#writtenAt = Temporal.Instant.fromEpochMilliseconds(clock.now());
        this.#lastError = null;
        logger.info("users_export.written", { path: target });
      } catch (error) {
        this.#lastError = errorText(error);
        logger.error("users_export.failed", { path: target, error: this.#lastError });
      }
    }
  }
}
