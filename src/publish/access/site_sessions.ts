/**
 * Sessions on protected hosts. They are in the cookie, signed; the server keeps the key, and which
 * of them were ended by hand.
 *
 * @module
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { PUBLISH_ACCESS } from "../../core/publish_limits.ts";
import { encodeBase64Url } from "../../system/base64.ts";
import type { Random } from "../../system/random.ts";

/** A login on one host. */
export interface SiteSession {
  readonly id: string;
  readonly host: string;
  readonly user: string;
  /** {@linkcode Visitor.version} of the user who logged in. */
  readonly version: string;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Unix seconds, to the minute. */
  readonly seenAt: number;
}

const Payload = z.strictObject({
  id: z.string(),
  host: z.string(),
  user: z.string(),
  version: z.string(),
  issuedAt: z.int(),
  seenAt: z.int(),
});

/** Goes into every signature: nothing else signed with this key can pass for a session. */
const PURPOSE = "portunus site session 1\n";

export interface SiteSessionsOptions {
  /** 32 random bytes that outlive the process. */
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
}

export class SiteSessions {
  readonly #options: SiteSessionsOptions;
  /** Sessions that were ended by hand, and when they would have ended anyway, in Unix seconds. */
  readonly #ended = new Map<string, number>();

  constructor(options: SiteSessionsOptions) {
    this.#options = options;
  }

  /** A new session, as the value of its cookie. */
  begin(login: Pick<SiteSession, "host" | "user" | "version">): string {
    const now = this.#now();
    const id = encodeBase64Url(this.#options.random.bytes(16));
    const { host, user, version } = login;
    return this.#seal({ id, host, user, version, issuedAt: now, seenAt: now });
  }

  /** The session of a cookie's value; `null` for what is no session of this host, or over. */
  read(value: string, host: string): SiteSession | null {
    const session = this.#open(value);
    if (session === null || session.host !== host || this.#ended.has(session.id)) return null;
    const now = this.#now();
    const over = now >= session.issuedAt + PUBLISH_ACCESS.sessionAbsoluteSecs ||
      now >= session.seenAt + PUBLISH_ACCESS.sessionIdleSecs;
    return over ? null : session;
  }

  /** The value of the cookie with this use noted; `null` while a note would change little. */
  renewed(session: SiteSession): string | null {
    const now = this.#now();
    if (now - session.seenAt < PUBLISH_ACCESS.sessionRenewSecs) return null;
    return this.#seal({ ...session, seenAt: now });
  }

  /** How long a session may go on at the most. */
  secondsLeft(session: SiteSession): number {
    return session.issuedAt + PUBLISH_ACCESS.sessionAbsoluteSecs - this.#now();
  }

  /** Ends a session before its time, copies of its cookie included. */
  end(session: SiteSession): void {
    const now = this.#now();
    for (const [id, until] of this.#ended) if (until <= now) this.#ended.delete(id);
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined && this.#ended.size >= PUBLISH_ACCESS.endedSessionsMax) {
      this.#ended.delete(oldest);
    }
    this.#ended.set(session.id, session.issuedAt + PUBLISH_ACCESS.sessionAbsoluteSecs);
  }

  #seal(session: SiteSession): string {
    const payload = Buffer.from(JSON.stringify(session)).toString("base64url");
    return `${payload}.${this.#signature(payload).toString("base64url")}`;
  }

  #open(value: string): SiteSession | null {
    if (value.length > PUBLISH_ACCESS.cookieMaxChars) return null;
    const [payload = "", signature = "", ...rest] = value.split(".");
    const [given, own] = [Buffer.from(signature, "base64url"), this.#signature(payload)];
    if (rest.length > 0 || given.length !== own.length || !timingSafeEqual(given, own)) return null;
    // Only what was sealed here comes this far; an older version may have sealed something else.
    return Payload.safeParse(JSON.parse(Buffer.from(payload, "base64url").toString())).data ?? null;
  }

  #signature(payload: string): Buffer {
    return createHmac("sha256", this.#options.key).update(PURPOSE + payload).digest();
  }

  #now(): number {
    return Math.floor(this.#options.clock.now() / 1_000);
  }
}
