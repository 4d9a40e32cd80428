import { PortunusError } from "../../core/errors.ts";
import { belowDomain, parseFqdn, parseSubdomain } from "../../core/published_host.ts";
import type { SiteType } from "../../store/sites.ts";

/** What somebody asks for. */
export interface SiteRequest {
  /** Also the label below the domain, unless there is a domain of its own. */
  readonly name: string;
  readonly customDomain?: string | undefined;
  readonly ownerId: string;
  readonly spaMode: boolean;
  readonly isProtected: boolean;
  readonly allowedUsers: readonly string[];
}

/** A site that could be, if its name is free. */
export interface SiteDraft extends Omit<SiteRequest, "customDomain"> {
  readonly fqdn: string;
  readonly type: SiteType;
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Makes sense of a request.
 *
 * @throws {PortunusError} `site_invalid`, `host_invalid`, `host_reserved`, `domain_not_set`
 */
export function draftOf(
  { customDomain, ...request }: SiteRequest,
  domain: string | null,
): SiteDraft {
  if (!NAME.test(request.name)) {
    throw new PortunusError(
      "site_invalid",
      "a name has 1 to 63 lower-case letters, digits and hyphens, none of these at its ends",
    );
  }
  if (customDomain !== undefined) {
    return { ...request, type: "custom", fqdn: parseFqdn(customDomain) };
  }
  const label = parseSubdomain(request.name);
  if (domain === null) throw new PortunusError("domain_not_set");
  return { ...request, type: "managed", fqdn: belowDomain(label, domain) };
}
