/**
 * Logging in with a password, and the sessions that come of it.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { AccessError } from "../core/errors.ts";
import { isUserId } from "../core/ids.ts";
import { instantFromMillis } from "../core/instant.ts";
import { WEB_SESSION } from "../core/limits.ts";
import type { IdentityStore } from "../store/identity.ts";
import type { WebSessionRow } from "../store/web_sessions.ts";
import { newToken, type Random } from "../system/random.ts";
import { hashSecret } from "../system/secret_hash.ts";
import type { AuthenticationFailure, Operator } from "./operators.ts";
import type { PasswordHasher } from "./password_hasher.ts";
import type { Throttle } from "./throttle.ts";

/** Where a request comes from. */
export interface RequestOrigin {
  readonly remoteIp: string;
  readonly userAgent: string | null;
}

/** A session that has begun. The secret is kept nowhere but in the browser. */
export interface LoggedIn {
  readonly secret: string;
  readonly passwordChangeRequired: boolean;
}

export type SessionResult = AuthenticationFailure | {
  readonly ok: true;
  readonly operator: Operator;
  readonly passwordChangeRequired: boolean;
};

export interface WebSessionsOptions {
  readonly store: IdentityStore;
  readonly throttle: Throttle;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: Random;
}

export class WebSessions {
  readonly #options: WebSessionsOptions;

  constructor(options: WebSessionsOptions) {
    this.#options = options;
  }

  /**
   * Begins a session; those that exist stay.
   *
   * @throws {AccessError} `rate_limited`; `invalid_login`, whatever was wrong
   */
  login(userId: string, password: string, from: RequestOrigin): Promise<LoggedIn> {
    const subject = isUserId(userId) ? userId : "_unknown";
    const key = { subject, remoteAddr: from.remoteIp, action: "login" } as const;
    return this.#options.throttle.guard(key, async () => {
      const phc = this.#passwordHash(userId);
      const verified = await this.#options.hasher.verify(password, phc);
      if (!verified) throw new AccessError("invalid_login", "invalid login");
      return this.#begin(userId, phc, from);
    });
  }

  /** Looks up a cookie's secret, and counts as a use of the session. */
  authenticate(secret: string): Promise<SessionResult> {
    return Promise.try(() => {
      const { store } = this.#options;
      const [hash, now] = [hashSecret(secret), this.#now()];
      return store.write((): SessionResult => {
        const session = store.sessions.find(hash);
        if (!session || hasEnded(session, now)) return { ok: false, code: "credential_invalid" };
        if (session.disabled) return { ok: false, code: "user_disabled" };
        store.sessions.touch(hash, now);
        const { userId, role, passwordChangeRequired } = session;
        return { ok: true, operator: { userId, role }, passwordChangeRequired };
      });
    });
  }

  /** Ends a session. `false` when it was none, had ended already, or its user is disabled. */
  async logout(secret: string): Promise<boolean> {
    const { ok } = await this.authenticate(secret);
    if (ok) this.#options.store.sessions.revoke(hashSecret(secret), this.#now());
    return ok;
  }

  #passwordHash(userId: string): string | null {
    const { users } = this.#options.store;
    return users.get(userId)?.disabled === false ? users.passwordHash(userId) : null;
  }

  /** The password may have been changed, or the user disabled, while it was being verified. */
  #begin(userId: string, verified: string | null, from: RequestOrigin): LoggedIn {
    const { store, random } = this.#options;
    const now = this.#now();
    const secret = newToken(random);
    return store.write(() => {
      const user = store.users.get(userId);
      if (!user || this.#passwordHash(userId) !== verified) {
        throw new AccessError("invalid_login", "invalid login");
      }
      store.sessions.sweep(now, now.subtract({ seconds: WEB_SESSION.idleSecs }));
      store.sessions.insert({
        sessionHash: hashSecret(secret),
        userId,
        createdAt: now,
        absoluteExpiresAt: now.add({ seconds: WEB_SESSION.absoluteSecs }),
        remoteAddr: from.remoteIp,
        userAgent: from.userAgent?.slice(0, WEB_SESSION.userAgentMaxChars) ?? null,
      });
      return { secret, passwordChangeRequired: user.passwordChangeRequired };
    });
  }

  #now(): Temporal.Instant {
    return instantFromMillis(this.#options.clock.now());
  }
}

function hasEnded(session: WebSessionRow, now: Temporal.Instant): boolean {
  const { revokedAt, lastSeenAt, absoluteExpiresAt } = session;
  const idleUntil = lastSeenAt.add({ seconds: WEB_SESSION.idleSecs });
  return revokedAt !== null || Temporal.Instant.compare(now, absoluteExpiresAt) > 0 ||
    Temporal.Instant.compare(now, idleUntil) > 0;
}
