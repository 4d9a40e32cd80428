import type { Clock } from "../core/clock.ts";
import type { Grant } from "../core/grants.ts";
import { instantFromMillis } from "../core/instant.ts";
import { NAMES } from "../core/limits.ts";
import type { GrantRepository } from "../store/grants.ts";
import { hashSecret } from "../system/secret_hash.ts";
import type { CredentialStore, UserStore } from "./identity_store.ts";
import type { AuthenticationResult, OperatorDirectory } from "./operators.ts";

export interface DirectoryOptions {
  readonly store: UserStore & CredentialStore;
  readonly grantRows: GrantRepository;
  readonly clock: Clock;
  readonly anchor: (userId: string) => void;
}

const utf8 = new TextEncoder();

/** The operators of a store of accounts, with the grants of this server. */
export class Directory implements OperatorDirectory {
  readonly #options: DirectoryOptions;
  /** Never unlearned: the last superadmin cannot be removed. */
  #bootstrapped = false;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  async bootstrapped(): Promise<boolean> {
    this.#bootstrapped ||= await this.#options.store.enabledSuperadmins() > 0;
    return this.#bootstrapped;
  }

  async authenticate(bearer: string): Promise<AuthenticationResult> {
    if (utf8.encode(bearer).length > NAMES.bearerMaxBytes) {
      return { ok: false, code: "credential_invalid" };
    }
    const { store, clock, anchor } = this.#options;
    const owner = await store.credentialOwner(hashSecret(bearer), instantFromMillis(clock.now()));
    if (!owner) return { ok: false, code: "credential_invalid" };
    if (owner.disabled) return { ok: false, code: "user_disabled" };
    anchor(owner.userId);
    return { ok: true, operator: { userId: owner.userId, role: owner.role } };
  }

  grantsOf(userId: string): Promise<readonly Grant[]> {
    return Promise.try(() => this.#options.grantRows.listOf(userId));
  }
}
