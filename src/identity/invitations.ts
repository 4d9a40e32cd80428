/**
 * Accounts that a superadmin offers, and that come to be when somebody with the link accepts.
 *
 * Accepting is one transaction where accounts are in the server's own store. Shared accounts are in
 * another database: there the user is entered first and committed last, and in between this server
 * marks the invitation as used and enters the grants. A user id exists once, and an invitation is
 * used once, so whatever fails there are never two accounts. At worst, when the shared database is
 * lost during its commit, the invitation is used and there is no account: invite again.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { isEmail } from "../core/email.ts";
import { AccessError, PortunusError } from "../core/errors.ts";
import { instantFromMillis } from "../core/instant.ts";
import type { Logger } from "../core/log.ts";
import { INVITATION } from "../core/publish_limits.ts";
import type { GrantRepository } from "../store/grants.ts";
import type { Invitation, InvitationRepository } from "../store/invitations.ts";
import { newToken, type Random } from "../system/random.ts";
import { hashSecret } from "../system/secret_hash.ts";
import { type CreatedUser, requirePolicy, roleOf } from "./accounts.ts";
import { type GrantDraft, grantOf } from "./grants.ts";
import type { UserStore } from "./identity_store.ts";
import type { PasswordHasher } from "./password_hasher.ts";
import type { Throttle } from "./throttle.ts";
import { displayName, personalUserId } from "./user_ids.ts";

/** An invitation as a superadmin asks for one. */
export interface InvitationDraft {
  readonly userId: string;
  /** `null` for the id. */
  readonly displayName: string | null;
  readonly email: string | null;
  readonly role: string;
  readonly grants: readonly Omit<GrantDraft, "userId">[];
  readonly expiresInDays: number;
}

export type InvitationStatus = "pending" | "accepted" | "expired";

export interface ListedInvitation extends Invitation {
  readonly status: InvitationStatus;
}

/** What somebody with a link sends. */
export interface Acceptance {
  readonly token: string;
  readonly password: string;
  readonly confirmation: string;
  readonly remoteIp: string;
}

export interface InvitationsOptions {
  readonly store: UserStore;
  readonly anchor: (userId: string) => void;
  readonly grantRows: GrantRepository;
  readonly invitationRows: InvitationRepository;
  readonly throttle: Throttle;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Makes a ULID. */
  readonly newId: () => string;
}

export class Invitations {
  readonly #options: InvitationsOptions;

  constructor(options: InvitationsOptions) {
    this.#options = options;
  }

  /** Every invitation of the last months, the newest first. */
  list(): readonly ListedInvitation[] {
    const now = this.#now();
    return this.#options.invitationRows.list().map((it) => ({ ...it, status: statusOf(it, now) }));
  }

  /**
   * Enters an invitation; the token is kept nowhere.
   *
   * @throws {PortunusError} `reserved_user_id`, `invalid_user_id`, `invalid_display_name`,
   * `email_invalid`, `role_required`, the codes of grants, `invitation_invalid` for its duration,
   * `user_already_exists`, `invitation_pending`, in this order
   */
  async create(
    actor: string,
    draft: InvitationDraft,
  ): Promise<{ readonly invitation: ListedInvitation; readonly token: string }> {
    const { store, invitationRows, random, logger, newId } = this.#options;
    const checked = checkedDraft(draft);
    const days = draft.expiresInDays;
    if (!Number.isInteger(days) || days < 1 || days > INVITATION.daysMax) {
      throw new PortunusError("invitation_invalid", `1 to ${INVITATION.daysMax} days, got ${days}`);
    }
    if (await store.account(checked.userId)) throw new AccessError("user_already_exists");
    const createdAt = this.#now();
    invitationRows.sweep(createdAt.subtract({ hours: 24 * INVITATION.keepDays }));
    if (invitationRows.isPending(checked.userId, createdAt)) {
      throw new PortunusError("invitation_pending", checked.userId);
    }
    const token = newToken(random);
    const invitation: Invitation = {
      ...checked,
      invitationId: newId(),
      createdBy: actor,
      createdAt,
      expiresAt: createdAt.add({ hours: 24 * days }),
      acceptedAt: null,
    };
    invitationRows.insert(invitation, hashSecret(token));
    logger.info("operator.invitation_added", {
      actor,
      invitation_id: invitation.invitationId,
      new_user: invitation.userId,
      outcome: "ok",
    });
    return { invitation: { ...invitation, status: "pending" }, token };
  }

  /** Voids an invitation, and forgets it. @throws {PortunusError} `invitation_not_found` */
  revoke(actor: string, invitationId: string): void {
    const { invitationRows, logger } = this.#options;
    if (!invitationRows.delete(invitationId)) throw new PortunusError("invitation_not_found");
    logger.info("operator.invitation_revoked", {
      actor,
      invitation_id: invitationId,
      outcome: "ok",
    });
  }

  /**
   * What a link offers.
   *
   * @throws {PortunusError} `rate_limited`, `invitation_not_found`, `invitation_used`,
   * `invitation_expired`
   */
  lookUp(token: string, remoteIp: string): Promise<Invitation> {
    return this.#guard(remoteIp, () => Promise.try(() => this.#pending(token)));
  }

  /**
   * Makes the account.
   *
   * @throws {PortunusError} `password_mismatch`, the codes of the password policy, those of
   * {@linkcode lookUp}, `user_already_exists`, `registration_disabled`, `too_many_users`
   */
  async accept(acceptance: Acceptance): Promise<CreatedUser> {
    const { token, password, confirmation, remoteIp } = acceptance;
    if (password !== confirmation) throw new PortunusError("password_mismatch");
    requirePolicy(password);
    return await this.#guard(remoteIp, async () => {
      const invitation = this.#pending(token);
      const passwordHash = await this.#options.hasher.hash(password);
      return await this.#enter(invitation, passwordHash);
    });
  }

  async #enter(invitation: Invitation, passwordHash: string): Promise<CreatedUser> {
    const { store, anchor, grantRows, invitationRows, logger, newId } = this.#options;
    const { invitationId, userId, role, email } = invitation;
    const user = { userId, role, displayName: invitation.displayName ?? userId };
    const now = this.#now();
    await store.insertUser({
      ...user,
      email,
      createdAt: now,
      passwordHash,
      passwordChangeRequired: false,
    }, () => {
      if (!invitationRows.accept(invitationId, now)) throw used();
      anchor(userId);
      for (const grant of invitation.grants) {
        grantRows.insert({ ...grant, grantId: newId(), userId, createdAt: now });
      }
    });
    logger.info("operator.invitation_accepted", {
      actor: userId,
      invitation_id: invitationId,
      new_user: userId,
      outcome: "ok",
    });
    return user;
  }

  #pending(token: string): Invitation {
    const invitation = this.#options.invitationRows.ofToken(hashSecret(token));
    if (invitation === undefined) throw new PortunusError("invitation_not_found");
    const status = statusOf(invitation, this.#now());
    if (status === "accepted") throw used();
    if (status === "expired") throw new PortunusError("invitation_expired");
    return invitation;
  }

  #guard<T>(remoteAddr: string, attempt: () => Promise<T>): Promise<T> {
    const key = { subject: "_invitation", remoteAddr, action: "onboarding" } as const;
    return this.#options.throttle.guard(key, attempt);
  }

  #now(): Temporal.Instant {
    return instantFromMillis(this.#options.clock.now());
  }
}

const used = () => new PortunusError("invitation_used");

function statusOf(invitation: Invitation, now: Temporal.Instant): InvitationStatus {
  if (invitation.acceptedAt !== null) return "accepted";
  return Temporal.Instant.compare(now, invitation.expiresAt) < 0 ? "pending" : "expired";
}

function checkedDraft(draft: InvitationDraft) {
  const { email } = draft;
  if (email !== null && !isEmail(email)) throw new PortunusError("email_invalid", email);
  const userId = personalUserId(draft.userId);
  return {
    userId,
    displayName: draft.displayName === null ? null : displayName(draft.displayName),
    email,
    role: roleOf(draft.role),
    grants: draft.grants.map((it) => ({ ...grantOf(it), note: it.note })),
  };
}
