/**
 * Sites and their files as JSON.
 *
 * @module
 */

import { z } from "zod";
import { toJsonText } from "../../core/instant.ts";
import type { CertificateStatus } from "../../publish/certificates/certificate.ts";
import type { SiteEntry } from "../../publish/sites/site_tree.ts";
import { SITE_TYPES, type StoredSite } from "../../store/sites.ts";
import { CertificateView, certificateView } from "./certificate.ts";
import { dateTime, ulid, userId } from "./scalars.ts";

export const SiteView = z.object({
  id: ulid,
  name: z.string(),
  fqdn: z.string(),
  type: z.enum(SITE_TYPES),
  owner: userId.nullable().meta({ description: "Null when the owner was removed." }),
  spa_mode: z.boolean().meta({ description: "Whether unknown paths show the first page." }),
  protected: z.boolean(),
  allowed_users: z.array(userId).meta({
    description: "Who may see a protected site; nobody listed means everybody with an account.",
  }),
  dns_verified: z.boolean(),
  cert: CertificateView,
  total_size: z.int().meta({ description: "Bytes of all files." }),
  created_at: dateTime,
}).meta({ id: "Site" });

export const SITE_EXAMPLE = {
  id: "01JABCDEFGHJKMNPQRSTVWXYZ6",
  name: "blog",
  fqdn: "blog.example.com",
  type: "managed",
  owner: "alice",
  spa_mode: false,
  protected: false,
  allowed_users: [],
  dns_verified: true,
  cert: {
    status: "valid",
    source: "acme",
    not_after: "2026-08-05T10:00:00Z",
    last_error: null,
    next_attempt: null,
  },
  total_size: 1342,
  created_at: "2026-05-07T10:00:00Z",
} as const;

export function siteView(site: StoredSite, cert: CertificateStatus): z.input<typeof SiteView> {
  return {
    id: site.siteId,
    name: site.name,
    fqdn: site.fqdn,
    type: site.type,
    owner: site.ownerId,
    spa_mode: site.spaMode,
    protected: site.isProtected,
    allowed_users: [...site.allowedUsers],
    dns_verified: site.dnsVerified,
    cert: certificateView(cert),
    total_size: site.totalSize,
    created_at: toJsonText(site.createdAt),
  };
}

export const SiteFileView = z.object({
  name: z.string(),
  path: z.string().meta({ description: "From the root of the site." }),
  type: z.enum(["file", "directory"]),
  size: z.int().nullable().meta({ description: "Bytes; null for directories." }),
  modified_at: dateTime,
}).meta({ id: "SiteFile" });

export function siteFileView(
  directory: readonly string[],
  { name, kind, size, modifiedAtMs }: SiteEntry,
): z.input<typeof SiteFileView> {
  return {
    name,
    path: [...directory, name].join("/"),
    type: kind,
    size,
    modified_at: toJsonText(Temporal.Instant.fromEpochMilliseconds(Math.floor(modifiedAtMs))),
  };
}

export const DnsCheckView = z.object({
  ok: z.boolean(),
  message: z.string().meta({ description: "Where the name leads, and where it should." }),
}).meta({ id: "SiteDnsCheck" });
