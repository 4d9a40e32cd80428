import { instantFromMillis } from "../core/instant.ts";
import type { Clock } from "../core/clock.ts";
import type { Grant } from "../core/grants.ts";
import { NAMES } from "../core/limits.ts";
import { StoreError } from "../store/database.ts";
import type { IdentityStore } from "../store/identity.ts";
import { hashSecret } from "../system/secret_hash.ts";
import type { AuthenticationResult, OperatorDirectory } from "./operators.ts";

const utf8 = new TextEncoder();

/** Operators in the server's own store. */
export class LocalOperators implements OperatorDirectory {
  readonly #store: IdentityStore;
  readonly #clock: Clock;

  constructor(store: IdentityStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  bootstrapped(): Promise<boolean> {
    return Promise.resolve(this.#store.users.countEnabledSuperadmins() > 0);
  }

  authenticate(bearer: string): Promise<AuthenticationResult> {
    return Promise.resolve(this.#authenticate(bearer));
  }

  grantsOf(userId: string): Promise<readonly Grant[]> {
    return Promise.resolve(this.#store.grants.listOf(userId));
  }

  #authenticate(bearer: string): AuthenticationResult {
    if (utf8.encode(bearer).length > NAMES.bearerMaxBytes) {
      return { ok: false, code: "credential_invalid" };
    }
    const owner = this.#store.credentials.findActive(hashSecret(bearer));
    if (!owner) return { ok: false, code: "credential_invalid" };
    if (owner.disabled) return { ok: false, code: "user_disabled" };
    this.#touch(owner.credentialId);
    return { ok: true, operator: { userId: owner.userId, role: owner.role } };
  }

  /** Best effort: who may come in does not depend on whether the store can be written. */
  #touch(credentialId: string): void {
    try {
      this.#store.credentials.touch(credentialId, instantFromMillis(this.#clock.now()));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }
}
