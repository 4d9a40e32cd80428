/**
 * Users and their passwords.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { AccessError, PortunusError } from "../core/errors.ts";
import { instantFromMillis } from "../core/instant.ts";
import { passwordProblem } from "../core/password.ts";
import type { Logger } from "../core/log.ts";
import type { GrantRepository } from "../store/grants.ts";
import type { Account, Role } from "../store/users.ts";
import { newToken, type Random } from "../system/random.ts";
import type { UserStore } from "./identity_store.ts";
import type { PasswordHasher } from "./password_hasher.ts";
import type { Throttle } from "./throttle.ts";
import { displayName, knownUserId, personalUserId } from "./user_ids.ts";

/** A user with numbers of what belongs to them. */
export interface UserSummary extends Account {
  readonly grantCount: number;
}

/** A user as a superadmin asks for one. */
export interface UserDraft {
  readonly userId: string;
  readonly displayName: string;
  readonly role: string;
  /** `null` for a user who works by API credentials alone. */
  readonly initialPassword: string | null;
  readonly passwordChangeRequired: boolean;
}

/** What a superadmin changes of a user; `null` stays. */
export interface UserChanges {
  readonly displayName: string | null;
  readonly role: string | null;
  readonly disabled: boolean | null;
}

export interface CreatedUser {
  readonly userId: string;
  readonly displayName: string;
  readonly role: Role;
}

export interface PasswordChangeRequest {
  readonly current: string;
  readonly next: string;
  readonly confirmation: string;
}

export interface PasswordReset {
  /** `null` to have one made up. */
  readonly password: string | null;
  /** Whether the user has to change a given password at the next login; a made up one always. */
  readonly temporary: boolean;
  readonly keepApiTokens: boolean;
  /** Where the request comes from; `null` for somebody at the server itself, who is not throttled. */
  readonly remoteIp: string | null;
}

export interface PasswordResetResult {
  readonly sessionsRevoked: number;
  readonly apiTokensRevoked: number;
  readonly passwordChangeRequired: boolean;
  /** The password that was made up, this once. */
  readonly generatedPassword: string | null;
}

export interface AccountsOptions {
  readonly store: UserStore;
  readonly grantRows: GrantRepository;
  readonly throttle: Throttle;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class Accounts {
  readonly #options: AccountsOptions;

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  /** Every user by id. */
  async list(): Promise<readonly UserSummary[]> {
    const { store, grantRows } = this.#options;
    const accounts = await store.accounts();
    const counts = grantRows.countsByUser();
    return accounts.map((it) => ({ ...it, grantCount: counts.get(it.userId) ?? 0 }));
  }

  /** @throws {AccessError} `invalid_user_id`, `user_not_found` */
  async get(userId: string): Promise<UserSummary> {
    const { store, grantRows } = this.#options;
    const account = await store.account(knownUserId(userId));
    if (!account) throw new AccessError("user_not_found");
    return { ...account, grantCount: grantRows.listOf(userId).length };
  }

  /** What to call a user: the display name, or the id of one whose row is gone. */
  async displayNameOf(userId: string): Promise<string> {
    return (await this.#options.store.account(userId))?.displayName ?? userId;
  }

  /**
   * Enters a user, for the log on behalf of `actor`.
   *
   * @throws {PortunusError} `invalid_user_id`, `reserved_user_id`, `invalid_display_name`,
   * `role_required`, `initial_password_required`, the codes of the password policy,
   * `user_already_exists`, `registration_disabled`, `too_many_users`, in this order
   */
  async create(actor: string, draft: UserDraft): Promise<CreatedUser> {
    const { store, hasher, clock, logger } = this.#options;
    const user = {
      userId: personalUserId(draft.userId),
      displayName: displayName(draft.displayName),
      role: roleOf(draft.role),
    };
    const { initialPassword, passwordChangeRequired } = draft;
    // An empty password is no way to ask for none.
    if (initialPassword === "" || initialPassword === null && passwordChangeRequired) {
      throw new PortunusError("initial_password_required");
    }
    if (initialPassword !== null) requirePolicy(initialPassword);
    if (await store.account(user.userId)) throw new AccessError("user_already_exists");
    await store.requireRoom();
    const passwordHash = initialPassword === null ? null : await hasher.hash(initialPassword);
    const createdAt = instantFromMillis(clock.now());
    await store.insertUser({ ...user, createdAt, passwordHash, passwordChangeRequired });
    logger.info("operator.user_added", { actor, new_user: user.userId, outcome: "ok" });
    return user;
  }

  /**
   * A superadmin's change of a user. Rules stay, whatever the user may be from now on.
   *
   * @throws {PortunusError} `invalid_user_id`, `invalid_display_name`, `role_required`,
   * `cannot_restrict_self`, `user_not_found`, `last_superadmin`, in this order
   */
  async update(actor: string, userId: string, changes: UserChanges): Promise<UserSummary> {
    const { store, clock, logger } = this.#options;
    knownUserId(userId);
    const change = {
      ...(changes.displayName === null ? {} : { displayName: displayName(changes.displayName) }),
      ...(changes.role === null ? {} : { role: roleOf(changes.role) }),
      ...(changes.disabled === null ? {} : { disabled: changes.disabled }),
    };
    if (userId === actor && (change.disabled === true || change.role === "user")) {
      throw new AccessError("cannot_restrict_self");
    }
    await store.updateUser(userId, change, instantFromMillis(clock.now()));
    const { role, disabled } = change;
    logger.info("operator.user_updated", {
      actor,
      user: userId,
      ...(role === undefined ? {} : { role }),
      ...(disabled === undefined ? {} : { disabled }),
      outcome: "ok",
    });
    return await this.get(userId);
  }

  /**
   * A user's own change. Sessions stay.
   *
   * @throws {PortunusError} `password_mismatch`, `invalid_login` for a wrong current password, the
   * codes of the password policy
   */
  async changeOwnPassword(userId: string, request: PasswordChangeRequest): Promise<void> {
    const { store, hasher } = this.#options;
    const { current, next, confirmation } = request;
    if (next !== confirmation) throw new PortunusError("password_mismatch");
    const wrong = new AccessError("invalid_login", "the current password is wrong");
    const from = await store.passwordHash(userId);
    if (!await hasher.verify(current, from)) throw wrong;
    requirePolicy(next);
    const to = await hasher.hash(next);
    // Whoever reset the password meanwhile wins.
    if (!await store.replacePassword({ userId, from, to })) throw wrong;
  }

  /**
   * A superadmin's reset: the user's sessions end, and their API tokens unless they are to stay.
   *
   * @throws {PortunusError} `invalid_user_id`, `rate_limited`, the codes of the password policy,
   * `user_not_found`, in this order
   */
  async resetPassword(userId: string, reset: PasswordReset): Promise<PasswordResetResult> {
    const subject = knownUserId(userId);
    if (reset.remoteIp === null) return await this.#resetPassword(userId, reset);
    const key = { subject, remoteAddr: reset.remoteIp, action: "password_reset" } as const;
    return await this.#options.throttle.guard(key, () => this.#resetPassword(userId, reset));
  }

  async #resetPassword(userId: string, reset: PasswordReset): Promise<PasswordResetResult> {
    const { store, hasher, clock, random } = this.#options;
    const generatedPassword = reset.password === null ? newToken(random) : null;
    const password = generatedPassword ?? reset.password ?? "";
    const changeRequired = generatedPassword !== null || reset.temporary;
    requirePolicy(password);
    if (!await store.account(userId)) throw new AccessError("user_not_found");
    const hash = await hasher.hash(password);
    const revoked = await store.overridePassword({
      userId,
      hash,
      changeRequired,
      keepCredentials: reset.keepApiTokens,
      now: instantFromMillis(clock.now()),
    });
    return {
      sessionsRevoked: revoked.sessions,
      apiTokensRevoked: revoked.credentials,
      passwordChangeRequired: changeRequired,
      generatedPassword,
    };
  }
}

/** 3.1.0 answers an unknown role as it does a missing one. */
export function roleOf(text: string): Role {
  if (text !== "superadmin" && text !== "user") throw new AccessError("role_required");
  return text;
}

/** @throws {PortunusError} the codes of the password policy */
export function requirePolicy(password: string): void {
  const problem = passwordProblem(password);
  if (problem !== null) throw new PortunusError(problem);
}
