/**
 * Where accounts live: users with their passwords, API credentials, Web sessions and failed
 * attempts. Asynchronous, because several servers may share one database of accounts. What belongs
 * to a single server, its grants and its setup token, is not here.
 *
 * Policy is elsewhere; what has to hold at the moment of a write (the last superadmin, the password
 * that was verified) is part of the write. Each write is one transaction: it happens or it throws.
 *
 * @module
 */

import type { CredentialOwner, CredentialRow, NewCredential } from "../store/credentials.ts";
import type { AttemptKey } from "../store/login_attempts.ts";
import type { Account, NewUser, Totp, UsedCode, UserChange } from "../store/users.ts";
import type { ExportedUser } from "./users_export.ts";
import type { ListedWebSession, NewWebSession, WebSessionRow } from "../store/web_sessions.ts";

/**
 * What the server's own store does along with a write of accounts. Where both are one database it
 * is one transaction, and when this throws, nothing has happened; elsewhere it runs once the
 * accounts are committed.
 */
export type Alongside = () => void;

/** The first superadmin, and the API credential that comes with those who have no password. */
export interface FirstSuperadmin {
  readonly user: NewUser & { readonly role: "superadmin" };
  readonly credential: NewCredential | null;
}

/** A password that replaces another. */
export interface PasswordReplacement {
  readonly userId: string;
  /** Hash of the password that was verified; `null` for a user without one. */
  readonly from: string | null;
  readonly to: string;
}

export interface PasswordOverride {
  readonly userId: string;
  readonly hash: string;
  readonly changeRequired: boolean;
  readonly keepCredentials: boolean;
  readonly now: Temporal.Instant;
}

/** How much ended with an overridden password. */
export interface Revoked {
  readonly sessions: number;
  readonly credentials: number;
}

/** A credential that takes the place of another. */
export interface Replacement {
  readonly replaces: string;
  readonly credentialId: string;
  readonly userId: string;
  readonly tokenHash: string;
  /** `null` for the label of the old one. */
  readonly label: string | null;
  readonly issuedAt: Temporal.Instant;
}

/** What a login was found to be right about. It has to be so when the session begins, too. */
export interface VerifiedLogin {
  readonly passwordHash: string;
  /** `null` where no code was asked for. */
  readonly code: UsedCode | null;
}

export interface UserStore {
  /** How many superadmins are enabled. */
  enabledSuperadmins(): Promise<number>;
  /** Every user by id. */
  accounts(): Promise<readonly Account[]>;
  account(userId: string): Promise<Account | undefined>;
  /** Every user by id, with their hashes: for the export alone. */
  exported(): Promise<readonly ExportedUser[]>;
  /** Argon2 PHC string; `null` when there is no such user, or one without a password. */
  passwordHash(userId: string): Promise<string | null>;
  /**
   * Asks whether another user may come, before work is done for one.
   *
   * @throws {AccessError} `registration_disabled`, `too_many_users`
   */
  requireRoom(): Promise<void>;
  /** @throws {AccessError} `user_already_exists`, and what {@linkcode requireRoom} throws */
  insertUser(user: NewUser, alongside?: Alongside): Promise<void>;
  /** @throws {AccessError} `already_bootstrapped`, `user_already_exists` */
  insertFirstSuperadmin(first: FirstSuperadmin, alongside: Alongside): Promise<void>;
  /**
   * Changes a user; the sessions of one who is disabled end.
   *
   * @throws {AccessError} `user_not_found`; `last_superadmin` when no enabled one would be left
   */
  updateUser(userId: string, change: UserChange, now: Temporal.Instant): Promise<void>;
  /** Clears the duty to change it. `false` when the password is not `from` any more. */
  replacePassword(change: PasswordReplacement): Promise<boolean>;
  /** Ends the user's sessions, and credentials unless kept. @throws {AccessError} `user_not_found` */
  overridePassword(override: PasswordOverride): Promise<Revoked>;
  /**
   * Deletes a user with sessions and credentials; returns the ids of these.
   *
   * @throws {AccessError} `user_not_found`, `last_superadmin`
   */
  removeUser(userId: string, alongside: Alongside): Promise<readonly string[]>;
}

/** Secrets for one-time codes, at most one for each user. */
export interface TotpStore {
  /** `undefined` when none is set up, or there is no such user. Always as of now. */
  totp(userId: string): Promise<Totp | undefined>;
  /**
   * Sets up a secret, in place of one that was never confirmed. Logins do not ask for codes yet.
   *
   * @throws {AccessError} `user_not_found`, `totp_already_enabled`
   */
  setUpTotp(userId: string, secret: string): Promise<void>;
  /** From now on, logins ask for a code. `false` when it is not this secret that waits for it. */
  confirmTotp(userId: string, code: UsedCode): Promise<boolean>;
  /**
   * Forgets a user's secret. `false` when there is none, or `code` was used before.
   *
   * @param code what makes it be done; `null` for somebody who needs none
   */
  removeTotp(userId: string, code: UsedCode | null): Promise<boolean>;
}

export interface CredentialStore {
  /** The owner of an active credential, by index; counts as a use of it, best effort. */
  credentialOwner(tokenHash: string, now: Temporal.Instant): Promise<CredentialOwner | undefined>;
  /** A user's credentials, revoked ones too, oldest first. */
  credentialsOf(userId: string): Promise<readonly CredentialRow[]>;
  /** @throws {AccessError} `user_not_found` */
  insertCredential(credential: NewCredential): Promise<void>;
  /** Returns the new one's label. @throws {AccessError} `credential_not_found` */
  replaceCredential(replacement: Replacement): Promise<string | null>;
  /**
   * @throws {AccessError} `credential_not_found`; `last_superadmin` when it is the only way in for
   * the only enabled superadmin
   */
  revokeCredential(userId: string, credentialId: string, now: Temporal.Instant): Promise<void>;
}

export interface SessionStore {
  /**
   * Enters a session, if the password is still the one that was verified and the user enabled, and
   * uses up the one-time code.
   *
   * @throws {AccessError} `invalid_login`; `totp_invalid` for a code that was used before, or none
   * where one is needed by now
   */
  insertSession(
    session: NewWebSession,
    verified: VerifiedLogin,
  ): Promise<{ readonly passwordChangeRequired: boolean }>;
  /** A session that has not ended; counts as a use of it unless its user is disabled. */
  useSession(sessionHash: string, now: Temporal.Instant): Promise<WebSessionRow | undefined>;
  endSession(sessionHash: string, now: Temporal.Instant): Promise<void>;
  /** The sessions of a user that have not ended, the one used last first. */
  sessionsOf(userId: string, now: Temporal.Instant): Promise<readonly ListedWebSession[]>;
}

export interface AttemptStore {
  /** Counts one more failed attempt. @throws {AccessError} `rate_limited`, uncounted */
  countAttempt(key: AttemptKey, now: Temporal.Instant): Promise<void>;
  /** Forgets the failures of a key. */
  forgetAttempts(key: AttemptKey): Promise<void>;
}

/** All of it. */
export interface IdentityStore
  extends UserStore, TotpStore, CredentialStore, SessionStore, AttemptStore {}
