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
import { newToken, type Random } from "../system/random.ts";
import type { UsedCode } from "../store/users.ts";
import type { ListedWebSession } from "../store/web_sessions.ts";
import { hashSecret } from "../system/secret_hash.ts";
import type { SessionStore, TotpStore, UserStore, VerifiedLogin } from "./identity_store.ts";
import type { AuthenticationFailure, Operator } from "./operators.ts";
import type { PasswordHasher } from "./password_hasher.ts";
import { enabledTotp, useCode } from "./second_factor.ts";
import type { Throttle } from "./throttle.ts";
import { knownUserId, mayExist } from "./user_ids.ts";

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

const SESSION_ID_CHARS = 16;

/** What a session is called: enough of its hash, which is no secret. */
export function sessionIdOf(sessionHash: string): string {
  return sessionHash.slice(0, SESSION_ID_CHARS);
}

/** What somebody at the login page sends. */
export interface LoginRequest {
  readonly userId: string;
  readonly password: string;
  /** Of an authenticator app; `null` when none was given. */
  readonly totpCode: string | null;
}

export interface WebSessionsOptions {
  readonly store: SessionStore & UserStore & TotpStore;
  readonly throttle: Throttle;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: Random;
  readonly anchor: (userId: string) => void;
}

export class WebSessions {
  readonly #options: WebSessionsOptions;

  constructor(options: WebSessionsOptions) {
    this.#options = options;
  }

  /**
   * Begins a session; those that exist stay. What a user who has a second factor hears of it comes
   * after the password.
   *
   * @throws {AccessError} `rate_limited`; `invalid_login`, whatever was wrong; `totp_required`,
   * `totp_invalid`
   */
  login(request: LoginRequest, from: RequestOrigin): Promise<LoggedIn> {
    const { userId, password, totpCode } = request;
    const subject = isUserId(userId) ? userId : "_unknown";
    const key = { subject, remoteAddr: from.remoteIp, action: "login" } as const;
    return this.#options.throttle.guard(key, async () => {
      const phc = await this.#passwordHash(userId);
      const verified = await this.#options.hasher.verify(password, phc);
      if (!verified || phc === null) throw new AccessError("invalid_login", "invalid login");
      const begin = (code: UsedCode | null) =>
        this.#begin(userId, { passwordHash: phc, code }, from);
      const secret = await enabledTotp(this.#options.store, userId);
      return secret === null ? await begin(null) : await useCode({
        ...this.#options,
        userId,
        secret,
        code: totpCode,
        use: begin,
      });
    });
  }

  /** Looks up a cookie's secret, and counts as a use of the session. */
  async authenticate(secret: string): Promise<SessionResult> {
    const session = await this.#options.store.useSession(hashSecret(secret), this.#now());
    if (!session) return { ok: false, code: "credential_invalid" };
    if (session.disabled) return { ok: false, code: "user_disabled" };
    const { userId, role, passwordChangeRequired } = session;
    this.#options.anchor(userId);
    return { ok: true, operator: { userId, role }, passwordChangeRequired };
  }

  /** Ends a session. `false` when it was none, had ended already, or its user is disabled. */
  async logout(secret: string): Promise<boolean> {
    const { ok } = await this.authenticate(secret);
    if (ok) await this.#options.store.endSession(hashSecret(secret), this.#now());
    return ok;
  }

  /**
   * The sessions of a user that go on, the one used last first.
   *
   * @throws {AccessError} `invalid_user_id`, `user_not_found`
   */
  async list(userId: string): Promise<readonly ListedWebSession[]> {
    const { store } = this.#options;
    if (!await store.account(knownUserId(userId))) throw new AccessError("user_not_found");
    return await store.sessionsOf(userId, this.#now());
  }

  /** Ends one. @throws {AccessError} `invalid_user_id`, `user_not_found`, `session_not_found` */
  async end(userId: string, sessionId: string): Promise<void> {
    const session = (await this.list(userId)).find((it) =>
      sessionIdOf(it.sessionHash) === sessionId
    );
    if (!session) throw new AccessError("session_not_found");
    await this.#options.store.endSession(session.sessionHash, this.#now());
  }

  async #passwordHash(userId: string): Promise<string | null> {
    const { store } = this.#options;
    // Some databases would take others for one: with spaces at the end, for instance.
    if (!mayExist(userId)) return null;
    const account = await store.account(userId);
    return account?.disabled === false ? await store.passwordHash(userId) : null;
  }

  async #begin(userId: string, verified: VerifiedLogin, from: RequestOrigin): Promise<LoggedIn> {
    const { store, random } = this.#options;
    const now = this.#now();
    const secret = newToken(random);
    const session = {
      sessionHash: hashSecret(secret),
      userId,
      createdAt: now,
      absoluteExpiresAt: now.add({ seconds: WEB_SESSION.absoluteSecs }),
      remoteAddr: from.remoteIp,
      userAgent: from.userAgent?.slice(0, WEB_SESSION.userAgentMaxChars) ?? null,
    };
    return { secret, ...await store.insertSession(session, verified) };
  }

  #now(): Temporal.Instant {
    return instantFromMillis(this.#options.clock.now());
  }
}
