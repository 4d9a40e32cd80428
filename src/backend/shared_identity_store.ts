/**
 * Accounts in a database that several servers share. What has to hold at the moment of a write is
 * made to hold by locking rows: the user's for what is about one user, the counter `bootstrap` for
 * what is about superadmins, the counter `users` for how many there are, in the order bootstrap,
 * user, users.
 *
 * @module
 */

import type {
  Alongside,
  FirstSuperadmin,
  IdentityStore,
  PasswordOverride,
  PasswordReplacement,
  Replacement,
  VerifiedLogin,
} from "../identity/identity_store.ts";
import type { NewCredential } from "../store/credentials.ts";
import type { AttemptKey } from "../store/login_attempts.ts";
import type { NewUser, UsedCode, UserChange } from "../store/users.ts";
import type { NewWebSession } from "../store/web_sessions.ts";
import { Shared, type SharedOptions } from "./shared.ts";
import { SharedAttempts } from "./shared_attempts.ts";
import { SharedCredentials } from "./shared_credentials.ts";
import { SharedSessions } from "./shared_sessions.ts";
import { SharedTotp } from "./shared_totp.ts";
import { SharedUsers } from "./shared_users.ts";

/** The parts as one. */
export class SharedIdentityStore implements IdentityStore, AsyncDisposable {
  readonly #users: SharedUsers;
  readonly #totp: SharedTotp;
  readonly #credentials: SharedCredentials;
  readonly #sessions: SharedSessions;
  readonly #attempts: SharedAttempts;

  constructor(options: SharedOptions) {
    const shared = new Shared(options);
    this.#users = new SharedUsers(shared);
    this.#totp = new SharedTotp(shared);
    this.#credentials = new SharedCredentials(shared);
    this.#sessions = new SharedSessions(shared);
    this.#attempts = new SharedAttempts(shared);
  }

  enabledSuperadmins = () => this.#users.enabledSuperadmins();
  accounts = () => this.#users.accounts();
  account = (userId: string) => this.#users.account(userId);
  exported = () => this.#users.exported();
  passwordHash = (userId: string) => this.#users.passwordHash(userId);
  requireRoom = () => this.#users.requireRoom();
  insertUser = (user: NewUser, alongside?: Alongside) => this.#users.insertUser(user, alongside);
  insertFirstSuperadmin = (first: FirstSuperadmin, alongside: Alongside) =>
    this.#users.insertFirstSuperadmin(first, alongside);
  updateUser = (userId: string, change: UserChange, now: Temporal.Instant) =>
    this.#users.updateUser(userId, change, now);
  replacePassword = (change: PasswordReplacement) => this.#users.replacePassword(change);
  overridePassword = (override: PasswordOverride) => this.#users.overridePassword(override);
  removeUser = (userId: string, alongside: Alongside) => this.#users.removeUser(userId, alongside);

  totp = (userId: string) => this.#totp.totp(userId);
  setUpTotp = (userId: string, secret: string) => this.#totp.setUpTotp(userId, secret);
  confirmTotp = (userId: string, code: UsedCode) => this.#totp.confirmTotp(userId, code);
  removeTotp = (userId: string, code: UsedCode | null) => this.#totp.removeTotp(userId, code);

  credentialOwner = (tokenHash: string, now: Temporal.Instant) =>
    this.#credentials.credentialOwner(tokenHash, now);
  credentialsOf = (userId: string) => this.#credentials.credentialsOf(userId);
  insertCredential = (it: NewCredential) => this.#credentials.insertCredential(it);
  replaceCredential = (it: Replacement) => this.#credentials.replaceCredential(it);
  revokeCredential = (userId: string, credentialId: string, now: Temporal.Instant) =>
    this.#credentials.revokeCredential(userId, credentialId, now);

  insertSession = (session: NewWebSession, verified: VerifiedLogin) =>
    this.#sessions.insertSession(session, verified);
  useSession = (hash: string, now: Temporal.Instant) => this.#sessions.useSession(hash, now);
  endSession = (hash: string, now: Temporal.Instant) => this.#sessions.endSession(hash, now);
  sessionsOf = (userId: string, now: Temporal.Instant) => this.#sessions.sessionsOf(userId, now);

  countAttempt = (key: AttemptKey, now: Temporal.Instant) => this.#attempts.countAttempt(key, now);
  forgetAttempts = (key: AttemptKey) => this.#attempts.forgetAttempts(key);

  /** Waits for what is being written beside requests. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#credentials[Symbol.asyncDispose]();
    await this.#sessions[Symbol.asyncDispose]();
  }
}
