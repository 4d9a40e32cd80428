/**
 * Sites made of uploaded files (table `sites`). Deleting one gives its name free.
 *
 * @module
 */

import { toStoreText } from "../core/instant.ts";
import type { Columns, SqlParameter } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** `managed`: a subdomain of ours; `custom`: a name whose DNS is somebody else's. */
export const SITE_TYPES = ["managed", "custom"] as const;
export type SiteType = typeof SITE_TYPES[number];

export interface StoredSite {
  readonly siteId: string;
  readonly name: string;
  readonly fqdn: string;
  readonly type: SiteType;
  /** `null` when the owner was removed. */
  readonly ownerId: string | null;
  readonly spaMode: boolean;
  /** Whether visitors have to log in. */
  readonly isProtected: boolean;
  /** Who may come in then; nobody listed means everybody with an account. */
  readonly allowedUsers: readonly string[];
  readonly dnsVerified: boolean;
  /** Bytes of all files. */
  readonly totalSize: number;
  readonly createdAt: Temporal.Instant;
}

/** What of a site may change. */
export type SiteChange = Partial<
  Pick<
    StoredSite,
    "ownerId" | "spaMode" | "isProtected" | "allowedUsers" | "dnsVerified" | "totalSize"
  >
>;

const COLUMNS = [
  "site_id",
  "name",
  "fqdn",
  "type",
  "owner_user_id",
  "spa_mode",
  "protected",
  "allowed_users",
  "dns_verified",
  "total_size",
  "created_at",
  "updated_at",
] as const;

const UPDATED = COLUMNS.filter((column) => !["site_id", "created_at"].includes(column));

export class SiteRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Every site, the newest first. */
  list(): StoredSite[] {
    return this.#store.db.all("SELECT * FROM sites ORDER BY created_at DESC, site_id DESC")
      .map(toSite);
  }

  get(siteId: string): StoredSite | undefined {
    const row = this.#store.db.get("SELECT * FROM sites WHERE site_id = ?", siteId);
    return row && toSite(row);
  }

  hasName(name: string): boolean {
    return this.#store.db.get("SELECT 1 FROM sites WHERE name = ?", name) !== undefined;
  }

  /** @throws {StoreError} `conflict` when the name is not reserved for it, or the owner is gone */
  insert(site: StoredSite): void {
    const values = toColumns(site, site.createdAt);
    this.#store.db.run(
      `INSERT INTO sites (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`,
      ...COLUMNS.map((column) => values[column]),
    );
  }

  /** Changes a site, if it is still there. */
  update(siteId: string, change: SiteChange, now: Temporal.Instant): void {
    const site = this.get(siteId);
    if (site === undefined) return;
    const values = toColumns({ ...site, ...change }, now);
    this.#store.db.run(
      `UPDATE sites SET ${UPDATED.map((it) => `${it} = ?`).join(", ")} WHERE site_id = ?`,
      ...UPDATED.map((column) => values[column]),
      siteId,
    );
  }

  delete(siteId: string): void {
    this.#store.db.run("DELETE FROM sites WHERE site_id = ?", siteId);
  }
}

function toColumns(
  site: StoredSite,
  now: Temporal.Instant,
): Record<typeof COLUMNS[number], SqlParameter> {
  return {
    site_id: site.siteId,
    name: site.name,
    fqdn: site.fqdn,
    type: site.type,
    owner_user_id: site.ownerId,
    spa_mode: site.spaMode ? 1 : 0,
    protected: site.isProtected ? 1 : 0,
    allowed_users: JSON.stringify(site.allowedUsers),
    dns_verified: site.dnsVerified ? 1 : 0,
    total_size: site.totalSize,
    created_at: toStoreText(site.createdAt),
    updated_at: toStoreText(now),
  };
}

function toSite(columns: Columns): StoredSite {
  const row = new Row("sites", "site_id", columns);
  return {
    siteId: row.text("site_id"),
    name: row.text("name"),
    fqdn: row.text("fqdn"),
    type: row.oneOf("type", SITE_TYPES),
    ownerId: row.textOrNull("owner_user_id"),
    spaMode: row.boolean("spa_mode"),
    isProtected: row.boolean("protected"),
    allowedUsers: row.texts("allowed_users"),
    dnsVerified: row.boolean("dns_verified"),
    totalSize: row.number("total_size"),
    createdAt: row.instant("created_at"),
  };
}
