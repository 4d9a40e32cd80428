/**
 * Who has which host name: the one place where names are checked for uniqueness.
 *
 * @module
 */

import { PortunusError } from "../core/errors.ts";
import { belowDomain, isReservedBelow, RESERVED_LABELS } from "../core/published_host.ts";
import type { HostKind, PublishedHost, PublishedHostRepository } from "../store/published_hosts.ts";

export interface HostRegistryOptions {
  readonly hosts: PublishedHostRepository;
  /** The domain of this server; `null` while none is set. */
  readonly domain: () => string | null;
  /** Most names in use. */
  readonly maxHosts: () => number;
  /** The host of the operator API, which browsers must not find anything else at. */
  readonly operatorHost: () => string | null;
}

/** Methods that change something are parts of the caller's transaction. */
export class HostRegistry {
  readonly #options: HostRegistryOptions;

  constructor(options: HostRegistryOptions) {
    this.#options = options;
  }

  /** Who has a canonical name. */
  lookup(fqdn: string): PublishedHost | undefined {
    return this.#options.hosts.get(fqdn);
  }

  /** Every name, reserved ones too, in alphabetical order. */
  list(): readonly PublishedHost[] {
    return this.#options.hosts.list();
  }

  /**
   * @throws {PortunusError} `host_reserved`, `host_in_use`, `host_limit_reached` for a canonical
   * name that cannot be had
   */
  requireFree(fqdn: string): void {
    const { hosts, domain, maxHosts, operatorHost } = this.#options;
    const base = domain();
    const host = hosts.get(fqdn);
    const isKept = (base !== null && isReservedBelow(base, fqdn)) || fqdn === operatorHost();
    if (host?.kind === "reserved" || (host === undefined && isKept)) {
      throw new PortunusError("host_reserved", fqdn);
    }
    if (host !== undefined) throw new PortunusError("host_in_use", fqdn);
    const max = maxHosts();
    if (hosts.count() >= max) throw new PortunusError("host_limit_reached", `max_hosts is ${max}`);
  }

  /**
   * Gives a canonical name to a tunnel or site.
   *
   * @throws {PortunusError} as {@linkcode requireFree} does
   */
  reserve(fqdn: string, kind: Exclude<HostKind, "reserved">, refId: string): void {
    this.requireFree(fqdn);
    this.#options.hosts.insert({ fqdn, kind, refId });
  }

  /** Gives a name free. Deleting the row of a tunnel or site does so by itself. */
  release(fqdn: string): void {
    this.#options.hosts.remove(fqdn);
  }

  /** Keeps the reserved names below `domain`, and no others; names in use stay whose they are. */
  reserveBelow(domain: string | null): void {
    const { hosts } = this.#options;
    hosts.removeReserved();
    if (domain === null) return;
    for (const label of RESERVED_LABELS) {
      hosts.insert({ fqdn: belowDomain(label, domain), kind: "reserved", refId: null });
    }
  }
}
