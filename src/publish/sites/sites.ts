/**
 * Sites made of uploaded files: made, changed, verified, removed, and brought back after a restart.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { PortunusError } from "../../core/errors.ts";
import { instantFromMillis } from "../../core/instant.ts";
import { KeyedMutex } from "../../core/keyed_mutex.ts";
import type { Logger } from "../../core/log.ts";
import { requireOwner, requireSuperadmin } from "../../identity/operators.ts";
import type { UserStore } from "../../identity/identity_store.ts";
import type { Operator } from "../../identity/operators.ts";
import type { Store } from "../../store/open.ts";
import type { SiteChange, SiteRepository, StoredSite } from "../../store/sites.ts";
import type { CertificateStatus } from "../certificates/certificate.ts";
import type { HostRegistry } from "../hosts.ts";
import type { Termination } from "../tunnels/termination.ts";
import { draftOf, type SiteDraft, type SiteRequest } from "./site_draft.ts";
import { serveSite } from "./site_server.ts";
import type { SiteStorage } from "./site_storage.ts";

/** What the DNS says of a name. */
export interface DnsCheck {
  /** Whether it leads to the ingress. */
  readonly ok: boolean;
  /** For people: where it leads, and where it should. */
  readonly message: string;
}

export interface SiteServiceOptions {
  readonly store: Pick<Store, "write">;
  readonly sites: SiteRepository;
  readonly storage: SiteStorage;
  readonly hosts: Pick<HostRegistry, "reserve">;
  readonly accounts: Pick<UserStore, "account">;
  /** Has a row for a user that others can refer to, in the caller's transaction. */
  readonly anchor: (userId: string) => void;
  readonly termination: Termination;
  /** Where browsers reach the operator API, and so the login; `null` when that is not said. */
  readonly publicOrigin: () => string | null;
  /** What subdomains are below; `null` while none is set. */
  readonly domain: () => string | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes a ULID. */
  readonly newId: () => string;
}

/** What a caller changes; `undefined` stays. */
export interface SitePatch {
  readonly spaMode?: boolean | undefined;
  readonly isProtected?: boolean | undefined;
  readonly allowedUsers?: readonly string[] | undefined;
  readonly ownerId?: string | undefined;
}

export class SiteService {
  readonly #options: SiteServiceOptions;
  /** One change of a site at a time. */
  readonly #locks = new KeyedMutex();
  readonly #stopping = new AbortController();

  constructor(options: SiteServiceOptions) {
    this.#options = options;
  }

  /** The sites that an operator may see, the newest first. */
  list({ role, userId }: Operator): readonly StoredSite[] {
    this.#options.termination.requireReady();
    return this.#options.sites.list()
      .filter(({ ownerId }) => role === "superadmin" || ownerId === userId);
  }

  /**
   * A site that an operator may see, and whose files are theirs to change.
   *
   * @throws {PortunusError} `publish_not_ready`, `site_not_found`, `not_owner`
   */
  get(siteId: string, operator: Operator): StoredSite {
    this.#options.termination.requireReady();
    const site = this.#stored(siteId);
    requireOwner(operator, site.ownerId);
    return site;
  }

  /** How far the certificate of a site is. */
  certificateOf({ fqdn }: StoredSite): CertificateStatus {
    return this.#options.termination.certificates.status(fqdn);
  }

  /**
   * Reserves the name, then makes the directory, the certificate and the route; what fails is
   * undone, but for the certificate. A site under a foreign name waits for {@linkcode verifyDns}.
   *
   * @throws {PortunusError} `publish_not_ready`, what is wrong with the request, why the name
   * cannot be had, `certificate_failed`
   */
  async create(request: SiteRequest): Promise<StoredSite> {
    const { termination, domain, newId } = this.#options;
    termination.requireReady();
    const draft = draftOf(request, domain());
    this.#requireLogin(draft);
    await this.#checkUsers([draft.ownerId, ...draft.allowedUsers]);
    const siteId = newId();
    return await this.#locks.withLock(siteId, async () => {
      const site = this.#reserve(siteId, draft);
      try {
        await this.#options.storage.create(siteId);
        if (site.dnsVerified) await this.#publish(siteId);
      } catch (error) {
        await this.#erase(site);
        throw error;
      }
      return this.#stored(siteId);
    });
  }

  /**
   * Changes a site. Its owner may choose how unknown paths are answered; the rest is for
   * superadmins.
   *
   * @throws {PortunusError} as {@linkcode get}; `role_required`, `site_invalid`
   */
  async change(siteId: string, patch: SitePatch, operator: Operator): Promise<StoredSite> {
    this.get(siteId, operator);
    const { isProtected, allowedUsers, ownerId } = patch;
    if ([isProtected, allowedUsers, ownerId].some((it) => it !== undefined)) {
      requireSuperadmin(operator);
    }
    this.#requireLogin(patch);
    await this.#checkUsers([...(allowedUsers ?? []), ...(ownerId === undefined ? [] : [ownerId])]);
    return await this.#locks.withLock(siteId, () => {
      const { store, anchor } = this.#options;
      store.write(() => {
        if (ownerId !== undefined) anchor(ownerId);
        this.#set(siteId, definedOf(patch));
      });
      const site = this.#stored(siteId);
      if (site.dnsVerified) this.#open(site);
      return site;
    });
  }

  /**
   * Looks whether the name of a custom site leads here, and publishes it then.
   *
   * @throws {PortunusError} as {@linkcode get}; `site_invalid` for a subdomain of ours,
   * `certificate_failed`
   */
  async verifyDns(siteId: string): Promise<DnsCheck> {
    this.#options.termination.requireReady();
    const { fqdn, type } = this.#stored(siteId);
    if (type !== "custom") throw new PortunusError("site_invalid", "its name is below our domain");
    try {
      await this.#options.termination.requireDns(fqdn, this.#stopping.signal);
    } catch (error) {
      if (!(error instanceof PortunusError && error.code === "dns_mismatch")) throw error;
      return { ok: false, message: error.detail ?? error.message };
    }
    await this.#locks.withLock(siteId, () => this.#publish(siteId));
    return { ok: true, message: `${fqdn} leads here` };
  }

  /** Removes name, route and files. @throws {PortunusError} `publish_not_ready`, `site_not_found` */
  async remove(siteId: string): Promise<void> {
    this.#options.termination.requireReady();
    const site = this.#stored(siteId);
    await this.#locks.withLock(siteId, () => this.#erase(site));
  }

  /** Brings back what was published. */
  async start(): Promise<void> {
    const { sites, storage } = this.#options;
    await storage.prepare();
    for (const site of sites.list().filter(({ dnsVerified }) => dnsVerified)) {
      this.#open(site);
      void this.#renew(site);
    }
  }

  /** Ends what waits for certificates and name servers. */
  stop(): void {
    this.#stopping.abort();
  }

  #reserve(siteId: string, draft: SiteDraft): StoredSite {
    const { store, sites, hosts, anchor } = this.#options;
    return store.write(() => {
      if (sites.hasName(draft.name)) {
        throw new PortunusError("site_invalid", `another site is called "${draft.name}"`);
      }
      anchor(draft.ownerId);
      const site = {
        ...draft,
        siteId,
        dnsVerified: draft.type === "managed",
        totalSize: 0,
        createdAt: this.#now(),
      };
      hosts.reserve(draft.fqdn, "site", siteId);
      sites.insert(site);
      return site;
    });
  }

  /** The site is read again after the certificate is there: that may have taken minutes. */
  async #publish(siteId: string): Promise<void> {
    const { certificates } = this.#options.termination;
    await certificates.ensure(this.#stored(siteId).fqdn, this.#stopping.signal);
    this.#set(siteId, { dnsVerified: true });
    this.#open(this.#stored(siteId));
  }

  #open({ siteId, fqdn, spaMode, isProtected, allowedUsers }: StoredSite): void {
    const { termination, storage } = this.#options;
    const served = { root: storage.rootOf(siteId), spaMode, isProtected };
    const users = allowedUsers.length === 0 ? null : allowedUsers;
    termination.routes.put(
      fqdn,
      { kind: "site", serve: (request) => Promise.try(() => serveSite(served, request)) },
      isProtected ? { users } : null,
    );
  }

  async #renew({ siteId, fqdn }: StoredSite): Promise<void> {
    const { termination, logger } = this.#options;
    try {
      await termination.certificates.ensure(fqdn, this.#stopping.signal);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const reason = error instanceof PortunusError ? error.code : "internal";
      logger.warn("site.certificate_failed", { site_id: siteId, fqdn, reason });
    }
  }

  async #erase({ siteId, fqdn }: StoredSite): Promise<void> {
    const { sites, storage, termination } = this.#options;
    termination.routes.delete(fqdn);
    sites.delete(siteId);
    termination.certificates.release(fqdn);
    await storage.destroy(siteId);
  }

  /** @throws {PortunusError} `site_invalid` for protection by a login that nobody finds */
  #requireLogin({ isProtected }: Pick<SitePatch, "isProtected">): void {
    if (!isProtected || this.#options.publicOrigin() !== null) return;
    throw new PortunusError("site_invalid", "protected needs operator_http_public_origin");
  }

  async #checkUsers(userIds: readonly string[]): Promise<void> {
    for (const userId of userIds) {
      if (await this.#options.accounts.account(userId) !== undefined) continue;
      throw new PortunusError("site_invalid", `there is no user "${userId}"`);
    }
  }

  #stored(siteId: string): StoredSite {
    const site = this.#options.sites.get(siteId);
    if (site === undefined) throw new PortunusError("site_not_found");
    return site;
  }

  #set(siteId: string, change: SiteChange): void {
    this.#options.sites.update(siteId, change, this.#now());
  }

  #now(): Temporal.Instant {
    return instantFromMillis(this.#options.clock.now());
  }
}

/** A patch without what is not there, which would overwrite what is. */
function definedOf({ spaMode, isProtected, allowedUsers, ownerId }: SitePatch): SiteChange {
  return {
    ...(spaMode !== undefined && { spaMode }),
    ...(isProtected !== undefined && { isProtected }),
    ...(allowedUsers !== undefined && { allowedUsers }),
    ...(ownerId !== undefined && { ownerId }),
  };
}
