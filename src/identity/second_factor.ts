/**
 * One-time codes as a second factor: who has to give one, setting it up, and getting rid of it.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { AccessError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { UsedCode } from "../store/users.ts";
import type { Random } from "../system/random.ts";
import type { TotpStore, UserStore } from "./identity_store.ts";
import type { PasswordHasher } from "./password_hasher.ts";
import type { Throttle } from "./throttle.ts";
import { newTotpSecret, totpStepOf, totpUri } from "./totp.ts";
import { knownUserId } from "./user_ids.ts";

/** Stands for the address of attempts that count wherever they come from. */
const ANYWHERE = "_anywhere";

const invalidCode = () => new AccessError("totp_invalid", "the one-time code is not valid");

/** The secret that logins of a user ask for; `null` for none. */
export async function enabledTotp(store: TotpStore, userId: string): Promise<string | null> {
  const totp = await store.totp(userId);
  return totp === undefined || totp.lastStep === null ? null : totp.secret;
}

/**
 * Checks a code and does with it what it is for; `use` has to see to it that it counts once. Wrong
 * codes are counted for the user as a whole: whoever gets here knows the password, and must not
 * have as many guesses as addresses.
 *
 * @throws {AccessError} `totp_required` without a code, `totp_invalid`, `rate_limited`
 */
export async function useCode<T>(
  { throttle, clock, userId, secret, code, use }: {
    readonly throttle: Throttle;
    readonly clock: Clock;
    readonly userId: string;
    readonly secret: string;
    readonly code: string | null;
    readonly use: (code: UsedCode) => Promise<T>;
  },
): Promise<T> {
  if (code === null || code.trim() === "") {
    throw new AccessError("totp_required", "a one-time code is required");
  }
  const key = { subject: userId, remoteAddr: ANYWHERE, action: "login" } as const;
  return await throttle.guard(key, async () => {
    const step = await totpStepOf(secret, code, clock.now());
    if (step === null) throw invalidCode();
    return await use({ secret, step });
  });
}

/** A secret that was just made up, this once. */
export interface TotpSetup {
  readonly secret: string;
  /** `otpauth://…`, for a QR code. */
  readonly uri: string;
}

/** What a user gives to be rid of the second factor: either is enough. */
export interface TotpRemoval {
  readonly password: string | null;
  readonly totpCode: string | null;
  readonly remoteIp: string;
}

export interface SecondFactorOptions {
  readonly store: UserStore & TotpStore;
  readonly throttle: Throttle;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class SecondFactor {
  readonly #options: SecondFactorOptions;

  constructor(options: SecondFactorOptions) {
    this.#options = options;
  }

  /** Whether logins of a user ask for a code. */
  async isEnabled(userId: string): Promise<boolean> {
    return await enabledTotp(this.#options.store, userId) !== null;
  }

  /**
   * Makes up a secret, which counts once it is confirmed. One that was not confirmed is replaced.
   *
   * @throws {AccessError} `user_not_found`, `totp_already_enabled`
   */
  async setUp(userId: string): Promise<TotpSetup> {
    const { store, random } = this.#options;
    const secret = await newTotpSecret(random);
    await store.setUpTotp(userId, secret);
    return { secret, uri: await totpUri(secret, userId) };
  }

  /**
   * Shows that the user's app has the secret. That code is used up with it.
   *
   * @throws {AccessError} `totp_not_set_up` when nothing was set up, `totp_already_enabled`,
   * `totp_required`, `totp_invalid`, `rate_limited`
   */
  async confirm(userId: string, code: string): Promise<void> {
    const { store, logger } = this.#options;
    const totp = await store.totp(userId);
    if (totp === undefined) throw new AccessError("totp_not_set_up", "nothing was set up");
    if (totp.lastStep !== null) throw new AccessError("totp_already_enabled");
    await useCode({
      ...this.#options,
      userId,
      secret: totp.secret,
      code,
      use: async (used) => {
        if (!await store.confirmTotp(userId, used)) throw invalidCode();
      },
    });
    logger.info("operator.totp_enabled", { user: userId, outcome: "ok" });
  }

  /**
   * A user's own way out.
   *
   * @throws {AccessError} `totp_not_set_up`; `totp_required` with neither password nor code;
   * `invalid_login` for a wrong password; `totp_invalid`, `rate_limited`
   */
  async disable(userId: string, removal: TotpRemoval): Promise<void> {
    const { store, throttle, hasher } = this.#options;
    const { password, totpCode, remoteIp } = removal;
    const totp = await store.totp(userId);
    if (totp === undefined) throw new AccessError("totp_not_set_up", "there is none");
    const remove = async (code: UsedCode | null) => {
      if (!await store.removeTotp(userId, code)) throw invalidCode();
    };
    if (password === null) {
      await useCode({
        ...this.#options,
        userId,
        secret: totp.secret,
        code: totpCode,
        use: remove,
      });
    } else {
      const key = { subject: userId, remoteAddr: remoteIp, action: "login" } as const;
      await throttle.guard(key, async () => {
        if (!await hasher.verify(password, await store.passwordHash(userId))) {
          throw new AccessError("invalid_login", "the password is wrong");
        }
        await remove(null);
      });
    }
    this.#logRemoval(userId, userId);
  }

  /**
   * A superadmin's way for somebody who lost their device. Nothing to forget is nothing to do.
   *
   * @throws {AccessError} `invalid_user_id`, `user_not_found`
   */
  async reset(actor: string, userId: string): Promise<boolean> {
    const { store } = this.#options;
    if (!await store.account(knownUserId(userId))) throw new AccessError("user_not_found");
    const removed = await store.removeTotp(userId, null);
    if (removed) this.#logRemoval(actor, userId);
    return removed;
  }

  #logRemoval(actor: string, user: string): void {
    this.#options.logger.info("operator.totp_removed", { actor, user, outcome: "ok" });
  }
}
