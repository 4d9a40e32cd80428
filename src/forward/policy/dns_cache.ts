/**
 * What is remembered of host names: answers while they are valid, old ones while a new one cannot
 * be had, and failures for a moment. However many ask for a name at once, one lookup is made.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { DNS } from "../../core/limits.ts";
import { type Resolution, ResolveError, type Resolver } from "../resolver.ts";

/** What a name service says of a name. */
export interface Answer {
  /** IP literals without brackets, in the order the name service gave them. */
  readonly addresses: readonly string[];
  /** How long they may be used, in seconds. */
  readonly ttlSecs: number;
}

/**
 * Asks a name service for the addresses of a name in lower case. Settles within a bounded time:
 * whoever asks for the same name waits for it.
 *
 * @throws {ResolveError}
 */
export type Lookup = (host: string) => Promise<Answer>;

/** What is known of a name until `untilMs` of the monotonic clock. */
type Entry =
  | { readonly kind: "resolved"; readonly addresses: readonly string[]; readonly untilMs: number }
  | { readonly kind: "stale"; readonly addresses: readonly string[]; readonly untilMs: number }
  | { readonly kind: "failed"; readonly error: ResolveError; readonly untilMs: number };

/** A resolver that remembers, over a name service that does not. */
export class DnsCache implements Resolver {
  readonly #clock: Clock;
  readonly #lookup: Lookup;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<string, Promise<Resolution>>();

  constructor({ clock, lookup }: { readonly clock: Clock; readonly lookup: Lookup }) {
    this.#clock = clock;
    this.#lookup = lookup;
  }

  async resolve(host: string): Promise<Resolution> {
    const pending = this.#pending.get(host);
    if (pending !== undefined) return shared(await pending);

    const entry = this.#entries.get(host);
    if (entry !== undefined && this.#clock.monotonic() < entry.untilMs) {
      this.#remember(host, entry);
      return known(entry);
    }
    const expired = entry?.kind === "resolved" ? entry.addresses : null;
    if (this.#pending.size >= DNS.lookupsMax) return overloaded(expired);

    const answer = this.#refresh(host, expired);
    this.#pending.set(host, answer);
    try {
      return await answer;
    } finally {
      this.#pending.delete(host);
    }
  }

  /** @param expired addresses that are good enough if the lookup fails */
  async #refresh(host: string, expired: readonly string[] | null): Promise<Resolution> {
    try {
      const { addresses, ttlSecs } = await this.#lookup(host);
      if (addresses.length === 0) throw new ResolveError("all_addrs_unreachable", "empty answer");
      const ttlMs = Math.min(Math.max(ttlSecs * 1_000, DNS.ttlMinMs), DNS.ttlMaxMs);
      this.#remember(host, { kind: "resolved", addresses, untilMs: this.#in(ttlMs) });
      return { addresses, source: "fresh" };
    } catch (error) {
      if (!(error instanceof ResolveError)) throw error;
      const entry: Entry = expired === null
        ? { kind: "failed", error, untilMs: this.#in(DNS.negativeMs) }
        : { kind: "stale", addresses: expired, untilMs: this.#in(DNS.staleGraceMs) };
      this.#remember(host, entry);
      return known(entry);
    }
  }

  /** Keeps `entry` as the most recently used one. */
  #remember(host: string, entry: Entry): void {
    this.#entries.delete(host);
    if (this.#entries.size >= DNS.namesMax) this.#makeRoom();
    this.#entries.set(host, entry);
  }

  #makeRoom(): void {
    const now = this.#clock.monotonic();
    for (const [host, { untilMs }] of this.#entries) {
      // While a name is looked up again, its old addresses are in the hands of that lookup.
      if (untilMs <= now) this.#entries.delete(host);
    }
    for (const host of this.#entries.keys()) {
      if (this.#entries.size < DNS.namesMax) return;
      this.#entries.delete(host);
    }
  }

  #in(ms: number): number {
    return this.#clock.monotonic() + ms;
  }
}

/** The answer that somebody else asked for. */
function shared(resolution: Resolution): Resolution {
  return resolution.source === "fresh" ? { ...resolution, source: "cached" } : resolution;
}

/** @throws {ResolveError} what is known is a failure */
function known(entry: Entry): Resolution {
  switch (entry.kind) {
    case "resolved":
      return { addresses: entry.addresses, source: "cached" };
    case "stale":
      return { addresses: entry.addresses, source: "stale" };
    case "failed":
      throw entry.error;
    default:
      throw new TypeError(`Unknown entry ${entry satisfies never}`);
  }
}

/**
 * Too many lookups are under way. It says nothing of the name, so nothing is remembered.
 *
 * @throws {ResolveError} there is nothing to use instead
 */
function overloaded(expired: readonly string[] | null): Resolution {
  if (expired !== null) return { addresses: expired, source: "stale" };
  const detail = `resolver overloaded (${DNS.lookupsMax} concurrent resolves in flight)`;
  throw new ResolveError("resolver_overloaded", detail);
}
