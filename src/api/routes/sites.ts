/**
 * `/v1/sites`: sites made of uploaded files.
 *
 * @module
 */

import { z } from "zod";
import { PortunusError } from "../../core/errors.ts";
import { parseUlid } from "../../core/ids.ts";
import type { Publish } from "../../publish/publish.ts";
import type { StoredSite } from "../../store/sites.ts";
import type { AppContext } from "../http.ts";
import { operation } from "../operation.ts";
import { publishing, type PublishingOptions } from "../publishing.ts";
import type { Route } from "../route.ts";
import { userId } from "../views/scalars.ts";
import { DnsCheckView, SITE_EXAMPLE, SiteView, siteView } from "../views/site.ts";

const NewSiteBody = z.object({
  name: z.string().meta({
    description:
      "1 to 63 lower-case letters, digits and hyphens; also the subdomain, unless there " +
      "is a custom domain.",
  }),
  custom_domain: z.string().nullish().meta({
    description: "A full name whose DNS is somebody else's; published once it leads here.",
  }),
  owner: userId.nullish().meta({ description: "Whose files they are; absent for the caller." }),
  spa_mode: z.boolean().nullish(),
  protected: z.boolean().nullish(),
  allowed_users: z.array(userId).nullish(),
});
const SiteChangeBody = z.object({
  spa_mode: z.boolean().nullish().meta({ description: "The owner may change this one." }),
  protected: z.boolean().nullish(),
  allowed_users: z.array(userId).nullish(),
  owner: userId.nullish(),
});

/** What every route of sites can refuse with. */
export const SITE_ERRORS = ["publish_not_ready", "site_not_found"] as const;

/** The id that a path names. @throws {PortunusError} `site_not_found` for none */
export function siteIdParam(c: AppContext): string {
  const id = parseUlid(c.req.param("site_id") ?? "");
  if (id === null) throw new PortunusError("site_not_found");
  return id;
}

export function siteRoutes(open: Route, options: PublishingOptions): void {
  const { route, services } = publishing(open, options);
  const shown = (site: StoredSite) => siteView(site, services().sites.certificateOf(site));
  listRoute(route, services, shown);
  itemRoute(route, services, shown);
  verifyRoute(route, services);
}

type Services = () => Publish;
type Shown = (site: StoredSite) => z.input<typeof SiteView>;

function listRoute(route: Route, services: Services, shown: Shown): void {
  route("/v1/sites", {
    GET: operation({
      summary: "List sites",
      description: "The newest first. Users see their own.",
      caller: "operator",
      success: {
        status: 200,
        description: "The sites.",
        view: z.array(SiteView),
        example: [SITE_EXAMPLE],
      },
      errors: ["publish_not_ready"],
      handle: (c) => services().sites.list(c.get("operator")).map(shown),
    }),

    POST: operation({
      summary: "Make a site",
      description:
        "Below our domain it is there at once, with a page to begin with; that takes as " +
        "long as its certificate does.",
      caller: "superadmin",
      body: NewSiteBody,
      bodyExample: { name: "docs", custom_domain: "docs.example.org", owner: "alice" },
      success: { status: 201, description: "The site.", view: SiteView, example: SITE_EXAMPLE },
      errors: [
        "publish_not_ready",
        "site_invalid",
        "domain_not_set",
        "host_invalid",
        "host_reserved",
        "host_in_use",
        "host_limit_reached",
        "certificate_failed",
      ],
      async handle(c, { body }) {
        return shown(
          await services().sites.create({
            name: body.name,
            customDomain: body.custom_domain ?? undefined,
            ownerId: body.owner ?? c.get("operator").userId,
            spaMode: body.spa_mode ?? false,
            isProtected: body.protected ?? false,
            allowedUsers: body.allowed_users ?? [],
          }),
        );
      },
    }),
  });
}

function itemRoute(route: Route, services: Services, shown: Shown): void {
  const success = {
    status: 200,
    description: "The site.",
    view: SiteView,
    example: SITE_EXAMPLE,
  } as const;

  route("/v1/sites/:site_id", {
    GET: operation({
      summary: "Show a site",
      caller: "owner",
      success,
      errors: [...SITE_ERRORS, "not_owner"],
      handle: (c) => shown(services().sites.get(siteIdParam(c), c.get("operator"))),
    }),

    PATCH: operation({
      summary: "Change a site",
      description: "What is absent stays.",
      caller: "owner",
      body: SiteChangeBody,
      bodyExample: { spa_mode: true },
      success,
      errors: [...SITE_ERRORS, "not_owner", "role_required", "site_invalid"],
      async handle(c, { body }) {
        const patch = {
          spaMode: body.spa_mode ?? undefined,
          isProtected: body.protected ?? undefined,
          allowedUsers: body.allowed_users ?? undefined,
          ownerId: body.owner ?? undefined,
        };
        return shown(await services().sites.change(siteIdParam(c), patch, c.get("operator")));
      },
    }),

    DELETE: operation({
      summary: "Remove a site and its files",
      caller: "superadmin",
      success: { status: 204, description: "The site is gone, and its name is free." },
      errors: SITE_ERRORS,
      handle: (c) => services().sites.remove(siteIdParam(c)),
    }),
  });
}

function verifyRoute(route: Route, services: Services): void {
  route("/v1/sites/:site_id/verify-dns", {
    POST: operation({
      summary: "Look whether a custom domain leads here, and publish it then",
      caller: "superadmin",
      success: {
        status: 200,
        description: "What was found.",
        view: DnsCheckView,
        example: {
          ok: true,
          message: "blog.example.org leads here",
        },
      },
      errors: [...SITE_ERRORS, "site_invalid", "certificate_failed"],
      handle: async (c) => ({ ...await services().sites.verifyDns(siteIdParam(c)) }),
    }),
  });
}
