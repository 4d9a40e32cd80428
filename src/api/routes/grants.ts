/**
 * `/v1/grants`: what users may forward. For superadmins, and for users about themselves.
 *
 * @module
 */

import { z } from "zod";
import type { AccessService } from "../../control/access.ts";
import { u16, u64 } from "../../core/integer_schemas.ts";
import type { Grants } from "../../identity/grants.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import { ulid } from "../views/scalars.ts";
import { GrantView, grantView } from "../views/user.ts";
import { userParam } from "./users.ts";

export interface GrantRoutesOptions {
  readonly grants: Grants;
  readonly access: AccessService;
}

const NewGrantBody = z.object({
  user_id: z.string(),
  client: z.string().meta({ description: "A client's display name, or `*` for all." }),
  listen_port_start: u16,
  listen_port_end: u16,
  protocols: z.array(z.string()).meta({ description: "Of `tcp` and `udp`, at least one." }),
  note: z.string().nullish(),
});

const EXAMPLE = {
  grant_id: "01JABCDEFGHJKMNPQRSTVWXYZ1",
  user_id: "alice",
  client: "edge-01",
  listen_port_start: 30000,
  listen_port_end: 30050,
  protocols: ["tcp", "udp"],
  note: null,
  created_at: "2026-05-07T10:00:00Z",
};

export function grantRoutes(route: Route, options: GrantRoutesOptions): void {
  ownRoute(route, options);
  collectionRoute(route, options);
  itemRoute(route, options);
}

function ownRoute(route: Route, { grants }: GrantRoutesOptions): void {
  route("/v1/users/:user_id/grants", {
    GET: operation({
      summary: "List a user's grants",
      caller: "self",
      success: {
        status: 200,
        description: "What the user may forward, by the id of the grant.",
        view: z.array(GrantView),
        example: [EXAMPLE],
      },
      errors: ["invalid_user_id"],
      handle: async (c) => (await grants.list(userParam(c))).map(grantView),
    }),
  });
}

function collectionRoute(route: Route, { grants }: GrantRoutesOptions): void {
  route("/v1/grants", {
    GET: operation({
      summary: "List grants",
      caller: "superadmin",
      query: z.object({ user_id: z.string().optional() }),
      success: {
        status: 200,
        description: "The grants by id, of one user if asked for.",
        view: z.array(GrantView),
        example: [EXAMPLE],
      },
      errors: ["invalid_user_id"],
      handle: async (_c, { query }) => (await grants.list(query.user_id ?? null)).map(grantView),
    }),

    POST: operation({
      summary: "Grant a user a range of ports",
      caller: "superadmin",
      body: NewGrantBody,
      bodyExample: {
        user_id: "alice",
        client: "edge-01",
        listen_port_start: 30000,
        listen_port_end: 30050,
        protocols: ["tcp", "udp"],
      },
      success: {
        status: 201,
        description: "The grant.",
        view: GrantView,
        example: EXAMPLE,
      },
      errors: [
        "invalid_user_id",
        "reserved_user_id",
        "invalid_client",
        "invalid_port_range",
        "empty_protocol_set",
        "user_not_found",
      ],
      async handle(c, { body }) {
        const grant = await grants.add(c.get("operator").userId, {
          userId: body.user_id,
          client: body.client,
          listen: { start: body.listen_port_start, end: body.listen_port_end },
          protocols: body.protocols,
          note: body.note ?? null,
        });
        return grantView(grant);
      },
    }),
  });
}

function itemRoute(route: Route, { access }: GrantRoutesOptions): void {
  route("/v1/grants/:grant_id", {
    DELETE: operation({
      summary: "Revoke a grant",
      description: "Rules of its user that no other grant covers are removed, too.",
      caller: "superadmin",
      success: {
        status: 200,
        description: "What went.",
        view: z.object({ grant_id: ulid, removed_rule_ids: z.array(u64) }),
        example: { grant_id: EXAMPLE.grant_id, removed_rule_ids: [3, 4] },
      },
      errors: ["grant_not_found"],
      async handle(c) {
        const grantId = c.req.param("grant_id") ?? "";
        const removed = await access.revokeGrant(c.get("operator").userId, grantId);
        return { grant_id: grantId, removed_rule_ids: [...removed] };
      },
    }),
  });
}
