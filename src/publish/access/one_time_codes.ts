/**
 * Codes that carry a login from the operator's origin to a protected host: good once, for a minute,
 * for that host alone. They are in memory; a restart voids them.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { PUBLISH_ACCESS } from "../../core/publish_limits.ts";
import { newToken, type Random } from "../../system/random.ts";
import { hashSecret } from "../../system/secret_hash.ts";

/** What a code stands for. */
export interface CodeGrant {
  readonly host: string;
  readonly user: string;
  /** {@linkcode Visitor.version} of that moment. */
  readonly version: string;
  /** Of the browser that asked; see `gate.ts`. */
  readonly state: string;
  /** Path and query to go on to. */
  readonly path: string;
}

interface Entry extends CodeGrant {
  readonly expiresMs: number;
}

export class OneTimeCodes {
  readonly #clock: Clock;
  readonly #random: Random;
  /** By hash, the oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A new code. Where a user has too many, or all together do, the oldest goes. */
  issue(grant: CodeGrant): string {
    const now = this.#clock.monotonic();
    for (const [hash, { expiresMs }] of this.#entries) {
      if (expiresMs > now) break;
      this.#entries.delete(hash);
    }
    const own = [...this.#entries].filter(([, { user }]) => user === grant.user);
    if (own.length >= PUBLISH_ACCESS.codesPerUserMax) this.#drop(own[0]);
    if (this.#entries.size >= PUBLISH_ACCESS.codesMax) this.#drop([...this.#entries][0]);
    const code = newToken(this.#random);
    const expiresMs = now + PUBLISH_ACCESS.codeTtlSecs * 1_000;
    this.#entries.set(hashSecret(code), { ...grant, expiresMs });
    return code;
  }

  /** What `code` stands for on `host`; whatever the answer, it is used up. */
  take(code: string, host: string): CodeGrant | undefined {
    const hash = hashSecret(code);
    const entry = this.#entries.get(hash);
    this.#entries.delete(hash);
    if (entry === undefined || entry.host !== host) return undefined;
    return this.#clock.monotonic() < entry.expiresMs ? entry : undefined;
  }

  #drop(oldest: readonly [string, Entry] | undefined): void {
    if (oldest !== undefined) this.#entries.delete(oldest[0]);
  }
}
