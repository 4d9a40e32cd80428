import type { Clock } from "../core/clock.ts";
import { AccessError } from "../core/errors.ts";
import { parseUlid } from "../core/ids.ts";
import { instantFromMillis } from "../core/instant.ts";
import type { CredentialRow } from "../store/credentials.ts";
import { newToken, type Random } from "../system/random.ts";
import { hashSecret } from "../system/secret_hash.ts";
import type { CredentialStore, UserStore } from "./identity_store.ts";
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
  readonly store: UserStore & CredentialStore;
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
  async list(userId: string): Promise<readonly CredentialRow[]> {
    await this.#requireUser(userId);
    return await this.#options.store.credentialsOf(userId);
  }

  /** Makes another credential for a user. */
  async issue(userId: string, label: string | null): Promise<IssuedCredential> {
    await this.#requireUser(userId);
    const { token, ...fresh } = this.#make(userId);
    await this.#options.store.insertCredential({ ...fresh, label, tokenHash: hashSecret(token) });
    return { ...fresh, label, token };
  }

  /**
   * Replaces an active credential; the old token is void at once.
   *
   * @param label of the new one; `null` for that of the old one
   * @throws {AccessError} `credential_not_found`
   */
  async rotate(
    userId: string,
    credentialId: string,
    label: string | null,
  ): Promise<IssuedCredential> {
    await this.#requireUser(userId);
    const { token, ...fresh } = this.#make(userId);
    const newLabel = await this.#options.store.replaceCredential({
      ...fresh,
      replaces: idOf(credentialId),
      tokenHash: hashSecret(token),
      label,
    });
    return { ...fresh, label: newLabel, token };
  }

  /** @throws {AccessError} `credential_not_found`; `last_superadmin` when nobody could act any more */
  async revoke(userId: string, credentialId: string): Promise<void> {
    await this.#requireUser(userId);
    await this.#options.store.revokeCredential(userId, idOf(credentialId), this.#now());
  }

  async #requireUser(userId: string): Promise<void> {
    if (!await this.#options.store.account(knownUserId(userId))) {
      throw new AccessError("user_not_found");
    }
  }

  #make(userId: string) {
    const { random, newId } = this.#options;
    return { credentialId: newId(), userId, token: newToken(random), issuedAt: this.#now() };
  }

  #now(): Temporal.Instant {
    return instantFromMillis(this.#options.clock.now());
  }
}

/** The canonical form of a credential's id. @throws {AccessError} `credential_not_found` */
function idOf(credentialId: string): string {
  const id = parseUlid(credentialId);
  if (id === null) throw new AccessError("credential_not_found");
  return id;
}
