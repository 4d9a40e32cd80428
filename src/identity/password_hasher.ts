/**
 * Passwords to what the store keeps of them.
 *
 * @module
 */

/** Hashes and compares passwords; each takes tens of milliseconds by design. */
export interface PasswordHasher {
  /**
   * A new Argon2id hash with a random salt, as a PHC string.
   *
   * @throws {PortunusError} `password_hash_failed`; `rate_limited` when too many wait already
   */
  hash(password: string): Promise<string>;
  /**
   * Whether `password` is that of `phc`. With `null`, for a user who has none or does not exist,
   * `false` after the same work, so that the time of an answer says nothing.
   *
   * @throws {PortunusError} as {@linkcode hash}
   */
  verify(password: string, phc: string | null): Promise<boolean>;
}
