import type { Clock } from "../core/clock.ts";
import { AccessError, PortunusError } from "../core/errors.ts";
import { instantFromMillis } from "../core/instant.ts";
import type { Logger } from "../core/log.ts";
import type { SetupTokenRepository } from "../store/setup_token.ts";
import { hashSecret } from "../system/secret_hash.ts";
import { type CreatedUser, requirePolicy } from "./accounts.ts";
import type { UserStore } from "./identity_store.ts";
import type { PasswordHasher } from "./password_hasher.ts";
import type { Throttle } from "./throttle.ts";
import { displayName, personalUserId } from "./user_ids.ts";

/** What somebody at the set-up page sends. */
export interface OnboardingRequest {
  readonly userId: string;
  readonly displayName: string;
  readonly password: string;
  readonly confirmation: string;
  /** The token that the server printed when it started. */
  readonly setupToken: string;
  readonly remoteIp: string;
}

export interface OnboardingOptions {
  readonly store: UserStore;
  readonly setupToken: SetupTokenRepository;
  readonly throttle: Throttle;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How the first superadmin comes to be in the Web UI. */
export class Onboarding {
  readonly #options: OnboardingOptions;

  constructor(options: OnboardingOptions) {
    this.#options = options;
  }

  /**
   * Creates the first superadmin, once.
   *
   * @throws {PortunusError} `already_bootstrapped`, `rate_limited`, `setup_token_required`,
   * `setup_token_invalid`, `invalid_user_id`, `reserved_user_id`, `invalid_display_name`,
   * `password_mismatch`, the codes of the password policy, `user_already_exists`, in this order
   */
  async run(request: OnboardingRequest): Promise<CreatedUser> {
    if (await this.#options.store.enabledSuperadmins() > 0) {
      throw new AccessError("already_bootstrapped");
    }
    const subject = request.setupToken === ""
      ? "_onboarding_setup_token_missing"
      : "_onboarding_setup_token_present";
    const key = { subject, remoteAddr: request.remoteIp, action: "onboarding" } as const;
    const user = await this.#options.throttle.guard(key, () => this.#create(request));
    this.#options.logger.info("operator.bootstrap", {
      actor: "_anonymous",
      new_user: user.userId,
      outcome: "ok",
    });
    return user;
  }

  async #create(request: OnboardingRequest): Promise<CreatedUser> {
    const { store, setupToken, hasher, clock } = this.#options;
    await this.#requireToken(request.setupToken);
    const userId = personalUserId(request.userId);
    const name = displayName(request.displayName);
    if (request.password !== request.confirmation) throw new PortunusError("password_mismatch");
    requirePolicy(request.password);
    const passwordHash = await hasher.hash(request.password);
    const user = { userId, displayName: name, role: "superadmin" } as const;
    const createdAt = instantFromMillis(clock.now());
    const first = {
      user: { ...user, createdAt, passwordHash, passwordChangeRequired: false },
      credential: null,
    };
    // It may have been replaced while the password was hashed.
    await this.#requireToken(request.setupToken);
    await store.insertFirstSuperadmin(first, () => setupToken.delete());
    return user;
  }

  async #requireToken(token: string): Promise<void> {
    if (token === "") throw new AccessError("setup_token_required", "a setup token is required");
    const { store, setupToken, clock } = this.#options;
    const stored = setupToken.get();
    const now = instantFromMillis(clock.now());
    const valid = stored !== undefined && stored.tokenHash === hashSecret(token) &&
      Temporal.Instant.compare(now, stored.expiresAt) < 0;
    if (valid) return;
    // Whoever won meanwhile took the token away.
    if (await store.enabledSuperadmins() > 0) throw new AccessError("already_bootstrapped");
    throw new AccessError("setup_token_invalid", "the setup token is not valid");
  }
}
