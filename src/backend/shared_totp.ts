/**
 * Secrets for one-time codes in a shared database.
 *
 * @module
 */

import { AccessError } from "../core/errors.ts";
import type { TotpStore } from "../identity/identity_store.ts";
import { isFresh, isWaitingFor, requireReplaceable } from "../identity/totp_state.ts";
import type { Totp, UsedCode } from "../store/users.ts";
import { toTotp } from "./rows.ts";
import type { Shared } from "./shared.ts";

export class SharedTotp implements TotpStore {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** Asks the database itself: a copy may not know yet that a code is needed. */
  async totp(userId: string): Promise<Totp | undefined> {
    const [row] = await this.#shared.database.read(
      "SELECT user_id, totp_secret, totp_last_step FROM portunus_users WHERE user_id = ?",
      userId,
    );
    return row && toTotp(row);
  }

  async setUpTotp(userId: string, secret: string): Promise<void> {
    const { users } = this.#shared;
    await this.#shared.write(userId, async (sql) => {
      const user = await users.lock(sql, userId);
      if (!user) throw new AccessError("user_not_found");
      requireReplaceable(user.totp);
      await users.setTotp(sql, userId, { secret, lastStep: null });
    }, async (sql) => (await users.lock(sql, userId))?.totp?.secret === secret);
  }

  confirmTotp(userId: string, code: UsedCode): Promise<boolean> {
    const { users } = this.#shared;
    return this.#shared.write(userId, async (sql) => {
      const waiting = isWaitingFor((await users.lock(sql, userId))?.totp, code);
      if (waiting) await users.setTotp(sql, userId, { secret: code.secret, lastStep: code.step });
      return waiting;
    }, async (sql) => (await users.lock(sql, userId))?.totp?.lastStep === code.step);
  }

  removeTotp(userId: string, code: UsedCode | null): Promise<boolean> {
    const { users } = this.#shared;
    return this.#shared.write(userId, async (sql) => {
      const totp = (await users.lock(sql, userId))?.totp;
      const removed = totp !== undefined && (code === null || isFresh(totp, code));
      if (removed) await users.setTotp(sql, userId, null);
      return removed;
    }, async (sql) => (await users.lock(sql, userId))?.totp === undefined);
  }
}
