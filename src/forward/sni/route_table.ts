/**
 * Which rule of a shared port a server name leads to.
 *
 * @module
 */

/** How a name was matched. */
export type MatchKind = "exact" | "wildcard" | "fallback";

export interface Match<T> {
  readonly kind: MatchKind;
  readonly value: T;
}

/** A rule's claim: a host name, `*.suffix`, or `null` for what nothing else matches. */
export interface Route<T> {
  readonly pattern: string | null;
  readonly value: T;
}

/**
 * An unchangeable set of routes. A wildcard matches exactly one label, so at most one can match a
 * name, and every lookup is two look-ups by key.
 */
export class RouteTable<T> {
  readonly #exact = new Map<string, T>();
  /** By what follows the `*`, its dot included. */
  readonly #wildcards = new Map<string, T>();
  readonly #fallback: T | null;

  /** @throws {TypeError} for two routes that claim the same */
  constructor(routes: Iterable<Route<T>>) {
    let fallback: T | null = null;
    for (const { pattern, value } of routes) {
      if (pattern === null) {
        if (fallback !== null) throw new TypeError("Cannot have two fallbacks");
        fallback = value;
        continue;
      }
      const [map, key] = pattern.startsWith("*")
        ? [this.#wildcards, pattern.slice(1)] as const
        : [this.#exact, pattern] as const;
      if (map.has(key)) throw new TypeError(`Cannot route ${pattern} twice`);
      map.set(key, value);
    }
    this.#fallback = fallback;
  }

  /** Where `serverName`, in lower case, leads; `null` is a client that says none. */
  lookup(serverName: string | null): Match<T> | null {
    if (serverName !== null) {
      const exact = this.#exact.get(serverName);
      if (exact !== undefined) return { kind: "exact", value: exact };
      const dot = serverName.indexOf(".");
      const wildcard = dot > 0 ? this.#wildcards.get(serverName.slice(dot)) : undefined;
      if (wildcard !== undefined) return { kind: "wildcard", value: wildcard };
    }
    return this.#fallback === null ? null : { kind: "fallback", value: this.#fallback };
  }
}
