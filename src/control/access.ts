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
import type { UserStore } from "../identity/identity_store.ts";
import { knownUserId } from "../identity/user_ids.ts";
import type { GrantRepository } from "../store/grants.ts";
import type { RuleService } from "./rules.ts";

/** What went with a user. */
export interface RemovedUser {
  readonly userId: string;
  readonly credentialIds: readonly string[];
  readonly grantIds: readonly string[];
  readonly ruleIds: readonly bigint[];
}

export interface AccessOptions {
  readonly store: UserStore;
  readonly grantRows: GrantRepository;
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
    const { store, grantRows, rules, logger } = this.#options;
    if (knownUserId(userId) === actor) throw new AccessError("cannot_remove_self");
    let finish = () => Promise.resolve();
    let ruleIds: readonly bigint[] = [];
    let grantIds: readonly string[] = [];
    const credentialIds = await store.removeUser(userId, () => {
      const owned = rules.list().filter(({ ownerId }) => ownerId === userId);
      ruleIds = owned.map(({ id }) => id);
      grantIds = grantRows.listOf(userId).map(({ grantId }) => grantId);
      const removal = rules.prepareRemoval(owned);
      removal.deleteRows();
      finish = removal.finish;
    });
    await finish();
    const removed = { userId, credentialIds, grantIds, ruleIds };
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
   * Deletes what a user has here who was removed on another server.
   *
   * @param forget deletes the rest of the user's rows, in the same transaction
   */
  async forgetUser(userId: string, forget: (userId: string) => void): Promise<void> {
    const { rules, logger } = this.#options;
    const owned = rules.list().filter(({ ownerId }) => ownerId === userId);
    await rules.removeAll(owned, () => forget(userId));
    logger.info("operator.user_removed_elsewhere", {
      removed_user: userId,
      removed_rules: owned.length,
    });
  }

  /**
   * Deletes a grant, and the rules of its user that no other grant of theirs covers. Superadmins
   * are no exception. Returns the ids of the rules.
   *
   * @throws {AccessError} `grant_not_found`
   */
  async revokeGrant(actor: string, grantId: string): Promise<readonly bigint[]> {
    const { grantRows, rules, logger } = this.#options;
    const grant = grantRows.get(parseUlid(grantId) ?? "");
    if (!grant) throw new AccessError("grant_not_found");
    const { userId: target } = grant;
    const others = grantRows.listOf(target).filter((it) => it.grantId !== grant.grantId);
    const uncovered = rules.list().filter((rule) =>
      rule.ownerId === target && !isGranted(others, rule)
    );
    await rules.removeAll(uncovered, () => grantRows.delete(grant.grantId));
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
