/**
 * `/v1/grants`: what users may forward. For superadmins.
 *
 * @module
 */

import { z } from "zod";
import type { AccessService } from "../../control/access.ts";
import { u16 } from "../../core/rule_body.ts";
import type { Grants } from "../../identity/grants.ts";
import { readJson, type Route, sendJson } from "../http.ts";
import { grantView } from "../views/user.ts";
import { superadmin } from "./users.ts";

export interface GrantRoutesOptions {
  readonly grants: Grants;
  readonly access: AccessService;
}

const NewGrantBody = z.object({
  user_id: z.string(),
  client: z.string(),
  listen_port_start: u16,
  listen_port_end: u16,
  protocols: z.array(z.string()),
  note: z.string().nullish(),
});

export function grantRoutes(route: Route, { grants, access }: GrantRoutesOptions): void {
  route("/v1/grants", {
    async GET(c) {
      superadmin(c);
      const shown = await grants.list(c.req.query("user_id") ?? null);
      return sendJson(c, shown.map(grantView));
    },

    async POST(c) {
      const body = await readJson(c, NewGrantBody);
      const grant = await grants.add(superadmin(c), {
        userId: body.user_id,
        client: body.client,
        listen: { start: body.listen_port_start, end: body.listen_port_end },
        protocols: body.protocols,
        note: body.note ?? null,
      });
      return sendJson(c, grantView(grant), 201);
    },
  });

  route("/v1/grants/:grant_id", {
    async DELETE(c) {
      const grantId = c.req.param("grant_id") ?? "";
      const removed = await access.revokeGrant(superadmin(c), grantId);
      return sendJson(c, { grant_id: grantId, removed_rule_ids: removed });
    },
  });
}
