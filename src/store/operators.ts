import type { Grant } from "../core/grants.ts";
import { type CredentialOwner, CredentialRepository, type NewSuperadmin } from "./credentials.ts";
import { GrantRepository } from "./grants.ts";
import type { Store } from "./open.ts";
import { SetupTokenRepository } from "./setup_token.ts";
import { UserRepository } from "./users.ts";

export { type Role, ROLES } from "./users.ts";

/** What authentication and the first start need of users, credentials, grants and setup token. */
export class OperatorRepository {
  readonly #users: UserRepository;
  readonly #credentials: CredentialRepository;
  readonly #grants: GrantRepository;
  readonly #setupToken: SetupTokenRepository;

  constructor(store: Store) {
    this.#users = new UserRepository(store);
    this.#credentials = new CredentialRepository(store);
    this.#grants = new GrantRepository(store);
    this.#setupToken = new SetupTokenRepository(store);
  }

  /** How many superadmins can act. */
  enabledSuperadmins(): number {
    return this.#users.countEnabledSuperadmins();
  }

  /** Numbers for the log line at start. */
  counts(): { readonly users: number; readonly grants: number } {
    return { users: this.#users.count(), grants: this.#grants.count() };
  }

  /** The owner of an active credential. */
  findByCredentialHash(hash: string): CredentialOwner | undefined {
    return this.#credentials.findActive(hash);
  }

  /** Records that a credential was used. */
  touchCredential(credentialId: string, now: Temporal.Instant): void {
    this.#credentials.touch(credentialId, now);
  }

  /** Enters the user and the credential, or neither. @throws {StoreError} when the user exists */
  createSuperadmin(superadmin: NewSuperadmin): void {
    this.#credentials.bootstrapSuperadmin(superadmin);
  }

  /** What a user may forward. */
  grantsOf(userId: string): Grant[] {
    return this.#grants.listOf(userId);
  }

  /** Replaces the token of the first set-up; only its hash is kept. */
  rotateSetupToken(
    tokenHash: string,
    issuedAt: Temporal.Instant,
    expiresAt: Temporal.Instant,
  ): void {
    this.#setupToken.rotate({ tokenHash, issuedAt, expiresAt });
  }
}
