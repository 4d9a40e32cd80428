import type { Clock } from "../core/clock.ts";
import { AccessError } from "../core/errors.ts";
import { parseUlid } from "../core/ids.ts";
import { instantFromMillis } from "../core/instant.ts";
import type { CredentialRow } from "../store/credentials.ts";
import type { IdentityStore } from "../store/identity.ts";
import { newToken, type Random } from "../system/random.ts";
import { hashSecret } from "../system/secret_hash.ts";
import { knownUserId } from "./user_ids.ts";

/** A new credential. The token is kept nowhere else. */
export interface IssuedCredential {
  readonly credentialId: string;
  readonly userId: string;
  readonly token: string;
  readonly label: string | null;
  readonly issuedAt: Temporal.Instant;
}

export interface ApiCredentialsOptions {
  readonly store: IdentityStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes a ULID. */
  readonly newId: () => string;
}

/**
 * API tokens of users. Every method throws {@linkcode AccessError} `invalid_user_id` or
 * `user_not_found` for a user who cannot be or is not.
 */
export class ApiCredentials {
  readonly #options: ApiCredentialsOptions;

  constructor(options: ApiCredentialsOptions) {
    this.#options = options;
  }

  /** A user's credentials, revoked ones too, oldest first. */
  list(userId: string): Promise<readonly CredentialRow[]> {
    return Promise.try(() => {
      this.#requireUser(userId);
      return this.#options.store.credentials.listOf(userId);
    });
  }

  /** Makes another credential for a user. */
  issue(userId: string, label: string | null): Promise<IssuedCredential> {
    return Promise.try(() =>
      this.#options.store.write(() => {
        this.#requireUser(userId);
        return this.#insert(userId, label);
      })
    );
  }

  /**
   * Replaces an active credential; the old token is void at once.
   *
   * @param label of the new one; `null` for that of the old one
   * @throws {AccessError} `credential_not_found`
   */
  rotate(userId: string, credentialId: string, label: string | null): Promise<IssuedCredential> {
    return Promise.try(() =>
      this.#options.store.write(() => {
        const old = this.#active(userId, credentialId);
        this.#revoke(old);
        return this.#insert(userId, label ?? old.label);
      })
    );
  }

  /** @throws {AccessError} `credential_not_found`; `last_superadmin` when nobody could act any more */
  revoke(userId: string, credentialId: string): Promise<void> {
    return Promise.try(() =>
      this.#options.store.write(() => {
        const credential = this.#active(userId, credentialId);
        if (this.#isLastWayIn(userId)) throw new AccessError("last_superadmin");
        this.#revoke(credential);
      })
    );
  }

  #requireUser(userId: string) {
    const user = this.#options.store.users.summary(knownUserId(userId));
    if (!user) throw new AccessError("user_not_found");
    return user;
  }

  #active(userId: string, credentialId: string): CredentialRow {
    this.#requireUser(userId);
    const id = parseUlid(credentialId);
    const found = this.#options.store.credentials.listOf(userId).find((it) =>
      it.credentialId === id && it.status === "active"
    );
    if (!found) throw new AccessError("credential_not_found");
    return found;
  }

  #isLastWayIn(userId: string): boolean {
    const user = this.#requireUser(userId);
    return user.role === "superadmin" && !user.disabled && !user.hasPassword &&
      user.credentialCount === 1 && this.#options.store.users.countEnabledSuperadmins() === 1;
  }

  #insert(userId: string, label: string | null): IssuedCredential {
    const { store, random, newId } = this.#options;
    const token = newToken(random);
    const credential = { credentialId: newId(), userId, label, issuedAt: this.#now() };
    store.credentials.insert({ ...credential, tokenHash: hashSecret(token) });
    return { ...credential, token };
  }

  #revoke({ userId, credentialId }: CredentialRow): void {
    this.#options.store.credentials.revoke(userId, credentialId, this.#now());
  }

  #now(): Temporal.Instant {
    return instantFromMillis(this.#options.clock.now());
  }
}
