/**
 * Taking access away. Rules that nobody may have any more go with it, in the same transaction, and
 * their clients are told.
 *
 * @module
 */

import { AccessError } from "../core/errors.ts";
import { isGranted } from "../core/grants.ts";
import { parseUlid } from "../core/ids.ts";
import type { Logger } from "../core/log.ts";
import { knownUserId } from "../identity/user_ids.ts";
import type { IdentityStore } from "../store/identity.ts";
import type { RuleService } from "./rules.ts";

/** What went with a user. */
export interface RemovedUser {
  readonly userId: string;
  readonly credentialIds: readonly string[];
  readonly grantIds: readonly string[];
  readonly ruleIds: readonly bigint[];
}

export interface AccessOptions {
  readonly store: IdentityStore;
  readonly rules: RuleService;
  readonly logger: Logger;
}

export class AccessService {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /**
   * Deletes a user with credentials, grants, sessions and rules.
   *
   * @throws {AccessError} `invalid_user_id`, `cannot_remove_self`, `last_superadmin`,
   * `user_not_found`, in this order
   */
  async removeUser(actor: string, userId: string): Promise<RemovedUser> {
    const { store, rules, logger } = this.#options;
    if (knownUserId(userId) === actor) throw new AccessError("cannot_remove_self");
    const owned = rules.list().filter(({ ownerId }) => ownerId === userId);
    const removed = await rules.removeAll(owned, (): RemovedUser => {
      const user = store.users.get(userId);
      if (!user) throw new AccessError("user_not_found");
      if (user.role === "superadmin" && store.users.countEnabledSuperadmins() <= 1) {
        throw new AccessError("last_superadmin");
      }
      const credentialIds = store.credentials.listOf(userId).map((it) => it.credentialId);
      const grantIds = store.grants.listOf(userId).map(({ grantId }) => grantId);
      store.users.delete(userId);
      return { userId, credentialIds, grantIds, ruleIds: owned.map(({ id }) => id) };
    });
    logger.info("operator.user_removed", {
      actor,
      removed_user: userId,
      revoked_credentials: removed.credentialIds.length,
      revoked_grants: removed.grantIds.length,
      removed_rules: removed.ruleIds.length,
      outcome: "ok",
    });
    return removed;
  }

  /**
   * Deletes a grant, and the rules of its user that no other grant of theirs covers. Superadmins
   * are no exception. Returns the ids of the rules.
   *
   * @throws {AccessError} `grant_not_found`
   */
  async revokeGrant(actor: string, grantId: string): Promise<readonly bigint[]> {
    const { store, rules, logger } = this.#options;
    const grant = store.grants.get(parseUlid(grantId) ?? "");
    if (!grant) throw new AccessError("grant_not_found");
    const { userId: target } = grant;
    const others = store.grants.listOf(target).filter((it) => it.grantId !== grant.grantId);
    const uncovered = rules.list().filter((rule) =>
      rule.ownerId === target && !isGranted(others, rule)
    );
    await rules.removeAll(uncovered, () => store.grants.delete(grant.grantId));
    logger.info("operator.grant_revoked", {
      actor,
      grant_id: grant.grantId,
      target,
      cascaded_rules: uncovered.length,
      outcome: "ok",
    });
    return uncovered.map(({ id }) => id);
  }
}
