/**
 * Accounts in the server's own SQLite store.
 *
 * @module
 */

import { AccessError } from "../core/errors.ts";
import { THROTTLE, WEB_SESSION } from "../core/limits.ts";
import { countFailure, isLocked } from "../core/throttle.ts";
import type { CredentialOwner, CredentialRow, NewCredential } from "../store/credentials.ts";
import { StoreError } from "../store/database.ts";
import { IdentityTables } from "../store/identity_tables.ts";
import type { GrantRepository } from "../store/grants.ts";
import type { InvitationRepository } from "../store/invitations.ts";
import type { AttemptKey } from "../store/login_attempts.ts";
import type { Store } from "../store/open.ts";
import type { SetupTokenRepository } from "../store/setup_token.ts";
import type { Account, NewUser, Totp, UsedCode, UserChange } from "../store/users.ts";
import type { ListedWebSession, NewWebSession, WebSessionRow } from "../store/web_sessions.ts";
import type {
  Alongside,
  FirstSuperadmin,
  IdentityStore,
  PasswordOverride,
  PasswordReplacement,
  Replacement,
  Revoked,
  VerifiedLogin,
} from "./identity_store.ts";
import { hasEnded } from "./session_end.ts";
import type { ExportedUser } from "./users_export.ts";
import { afterLogin, isFresh, isWaitingFor, requireReplaceable } from "./totp_state.ts";

const nothing: Alongside = () => undefined;

/** Accounts, and what a server keeps beside them in its own store wherever they are. */
export interface ServerAccounts {
  readonly store: IdentityStore;
  readonly grantRows: GrantRepository;
  readonly setupToken: SetupTokenRepository;
  readonly invitationRows: InvitationRepository;
  /** Lets rows of the server's own store refer to a user of `store`; throws nothing. */
  readonly anchor: (userId: string) => void;
}

/** Everything in `store`. */
export function localAccounts(store: Store): ServerAccounts {
  const tables = new IdentityTables(store);
  return {
    store: new LocalIdentityStore(tables),
    grantRows: tables.grants,
    setupToken: tables.setupToken,
    invitationRows: tables.invitations,
    anchor: () => undefined,
  };
}

export class LocalIdentityStore implements IdentityStore {
  readonly #tables: IdentityTables;

  constructor(tables: IdentityTables) {
    this.#tables = tables;
  }

  enabledSuperadmins(): Promise<number> {
    return Promise.try(() => this.#tables.users.countEnabledSuperadmins());
  }

  accounts(): Promise<readonly Account[]> {
    return Promise.try(() => this.#tables.users.list());
  }

  account(userId: string): Promise<Account | undefined> {
    return Promise.try(() => this.#tables.users.get(userId));
  }

  exported(): Promise<readonly ExportedUser[]> {
    return Promise.try(() => {
      const { users } = this.#tables;
      return users.list().map((it) => ({ ...it, passwordHash: users.passwordHash(it.userId) }));
    });
  }

  passwordHash(userId: string): Promise<string | null> {
    return Promise.try(() => this.#tables.users.passwordHash(userId));
  }

  /** There is no limit. */
  requireRoom(): Promise<void> {
    return Promise.resolve();
  }

  insertUser(user: NewUser, alongside: Alongside = nothing): Promise<void> {
    return this.#write(({ users }) => {
      onConflict("user_already_exists", () => users.insert(user));
      alongside();
    });
  }

  insertFirstSuperadmin(first: FirstSuperadmin, alongside: Alongside): Promise<void> {
    return this.#write(({ users, credentials }) => {
      if (users.countEnabledSuperadmins() > 0) throw new AccessError("already_bootstrapped");
      alongside();
      onConflict("user_already_exists", () => users.insert(first.user));
      if (first.credential !== null) credentials.insert(first.credential);
    });
  }

  updateUser(userId: string, change: UserChange, now: Temporal.Instant): Promise<void> {
    return this.#write(({ users, sessions }) => {
      if (!users.get(userId)) throw new AccessError("user_not_found");
      const before = users.countEnabledSuperadmins();
      users.update(userId, change);
      if (before > 0 && users.countEnabledSuperadmins() === 0) {
        throw new AccessError("last_superadmin");
      }
      if (change.disabled === true) sessions.revokeAllOf(userId, now);
    });
  }

  replacePassword({ userId, from, to }: PasswordReplacement): Promise<boolean> {
    return this.#write(({ users }) =>
      users.passwordHash(userId) === from &&
      users.setPassword(userId, { hash: to, changeRequired: false })
    );
  }

  overridePassword(override: PasswordOverride): Promise<Revoked> {
    const { userId, hash, changeRequired, keepCredentials, now } = override;
    return this.#write(({ users, sessions, credentials }) => {
      if (!users.setPassword(userId, { hash, changeRequired })) {
        throw new AccessError("user_not_found");
      }
      return {
        sessions: sessions.revokeAllOf(userId, now),
        credentials: keepCredentials ? 0 : credentials.revokeAllOf(userId, now),
      };
    });
  }

  removeUser(userId: string, alongside: Alongside): Promise<readonly string[]> {
    return this.#write(({ users, credentials }) => {
      const user = users.get(userId);
      if (!user) throw new AccessError("user_not_found");
      if (user.role === "superadmin" && users.countEnabledSuperadmins() <= 1) {
        throw new AccessError("last_superadmin");
      }
      alongside();
      const credentialIds = credentials.listOf(userId).map((it) => it.credentialId);
      users.delete(userId);
      return credentialIds;
    });
  }

  totp(userId: string): Promise<Totp | undefined> {
    return Promise.try(() => this.#tables.users.totp(userId));
  }

  setUpTotp(userId: string, secret: string): Promise<void> {
    return this.#write(({ users }) => {
      if (!users.get(userId)) throw new AccessError("user_not_found");
      requireReplaceable(users.totp(userId));
      users.setTotp(userId, { secret, lastStep: null });
    });
  }

  confirmTotp(userId: string, code: UsedCode): Promise<boolean> {
    return this.#write(({ users }) => {
      const waiting = isWaitingFor(users.totp(userId), code);
      if (waiting) users.setTotp(userId, { secret: code.secret, lastStep: code.step });
      return waiting;
    });
  }

  removeTotp(userId: string, code: UsedCode | null): Promise<boolean> {
    return this.#write(({ users }) => {
      const totp = users.totp(userId);
      const removed = totp !== undefined && (code === null || isFresh(totp, code));
      if (removed) users.setTotp(userId, null);
      return removed;
    });
  }

  credentialOwner(tokenHash: string, now: Temporal.Instant): Promise<CredentialOwner | undefined> {
    return Promise.try(() => {
      const owner = this.#tables.credentials.findActive(tokenHash);
      if (owner && !owner.disabled) this.#touch(owner.credentialId, now);
      return owner;
    });
  }

  credentialsOf(userId: string): Promise<readonly CredentialRow[]> {
    return Promise.try(() => this.#tables.credentials.listOf(userId));
  }

  insertCredential(credential: NewCredential): Promise<void> {
    return this.#write(({ users, credentials }) => {
      if (!users.get(credential.userId)) throw new AccessError("user_not_found");
      credentials.insert(credential);
    });
  }

  replaceCredential(replacement: Replacement): Promise<string | null> {
    const { replaces, label, userId, issuedAt, ...fresh } = replacement;
    return this.#write(({ credentials }) => {
      const old = this.#active(userId, replaces);
      credentials.revoke(userId, replaces, issuedAt);
      const newLabel = label ?? old.label;
      credentials.insert({ ...fresh, userId, issuedAt, label: newLabel });
      return newLabel;
    });
  }

  revokeCredential(userId: string, credentialId: string, now: Temporal.Instant): Promise<void> {
    return this.#write(({ credentials }) => {
      this.#active(userId, credentialId);
      if (this.#isLastWayIn(userId)) throw new AccessError("last_superadmin");
      credentials.revoke(userId, credentialId, now);
    });
  }

  insertSession(
    session: NewWebSession,
    verified: VerifiedLogin,
  ): Promise<{ readonly passwordChangeRequired: boolean }> {
    const { userId, createdAt: now } = session;
    return this.#write(({ users, sessions }) => {
      const user = users.get(userId);
      if (!user || user.disabled || users.passwordHash(userId) !== verified.passwordHash) {
        throw new AccessError("invalid_login", "invalid login");
      }
      const used = afterLogin(users.totp(userId), verified.code);
      if (used !== undefined) users.setTotp(userId, used);
      sessions.sweep(now, now.subtract({ seconds: WEB_SESSION.idleSecs }));
      sessions.insert(session);
      return { passwordChangeRequired: user.passwordChangeRequired };
    });
  }

  useSession(sessionHash: string, now: Temporal.Instant): Promise<WebSessionRow | undefined> {
    return this.#write(({ sessions }) => {
      const session = sessions.find(sessionHash);
      if (!session || hasEnded(session, now)) return undefined;
      if (!session.disabled) sessions.touch(sessionHash, now);
      return session;
    });
  }

  endSession(sessionHash: string, now: Temporal.Instant): Promise<void> {
    return Promise.try(() => this.#tables.sessions.revoke(sessionHash, now));
  }

  sessionsOf(userId: string, now: Temporal.Instant): Promise<readonly ListedWebSession[]> {
    return Promise.try(() =>
      this.#tables.sessions.listOf(userId).filter((session) => !hasEnded(session, now))
    );
  }

  countAttempt(key: AttemptKey, now: Temporal.Instant): Promise<void> {
    return this.#write(({ attempts }) => {
      const failures = attempts.get(key);
      if (isLocked(failures, now)) {
        throw new AccessError("rate_limited", "too many failed attempts");
      }
      attempts.sweep(now, now.subtract({ seconds: THROTTLE.forgetSecs }));
      attempts.put(key, countFailure(failures, now));
    });
  }

  forgetAttempts(key: AttemptKey): Promise<void> {
    return Promise.try(() => this.#tables.attempts.delete(key));
  }

  /** Who may come in does not depend on whether the store can be written. */
  #touch(credentialId: string, now: Temporal.Instant): void {
    try {
      this.#tables.credentials.touch(credentialId, now);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }

  #active(userId: string, credentialId: string): CredentialRow {
    const found = this.#tables.credentials.listOf(userId).find((it) =>
      it.credentialId === credentialId && it.status === "active"
    );
    if (!found) throw new AccessError("credential_not_found");
    return found;
  }

  #isLastWayIn(userId: string): boolean {
    const { users } = this.#tables;
    const user = users.get(userId);
    return user !== undefined && user.role === "superadmin" && !user.disabled &&
      !user.hasPassword && user.credentialCount === 1 && users.countEnabledSuperadmins() === 1;
  }

  #write<T>(work: (tables: IdentityTables) => T): Promise<T> {
    return Promise.try(() => this.#tables.write(() => work(this.#tables)));
  }
}

/** Runs `insert`; a row that is there already is the caller's conflict. */
function onConflict(code: "user_already_exists", insert: () => void): void {
  try {
    insert();
  } catch (error) {
    if (error instanceof StoreError && error.kind === "conflict") throw new AccessError(code);
    throw error;
  }
}
