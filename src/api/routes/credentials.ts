/**
 * `/v1/users/{user_id}/credentials`: API tokens, for the user themselves and for superadmins.
 *
 * @module
 */

import { z } from "zod";
import type { ApiCredentials } from "../../identity/api_credentials.ts";
import { requireOwner } from "../../identity/operators.ts";
import { type AppContext, readJson, readOptionalJson, type Route, sendJson } from "../http.ts";
import { credentialView, issuedCredentialView } from "../views/user.ts";
import { userParam } from "./users.ts";

export interface CredentialRoutesOptions {
  readonly credentials: ApiCredentials;
}

const LabelBody = z.object({ label: z.string().nullish() });

/** The user of the path. @throws {AccessError} `not_owner` unless that is the caller, or a superadmin asks */
function ownUser(c: AppContext): string {
  const userId = userParam(c);
  requireOwner(c.get("operator"), userId);
  return userId;
}

const credentialParam = (c: AppContext): string => c.req.param("credential_id") ?? "";

export function credentialRoutes(route: Route, { credentials }: CredentialRoutesOptions): void {
  // Before the route of users by id: nobody is called `me`.
  route("/v1/users/me/credentials", {
    async GET(c) {
      const own = await credentials.list(c.get("operator").userId);
      return sendJson(c, own.map(credentialView));
    },
  });

  route("/v1/users/:user_id/credentials", {
    async GET(c) {
      return sendJson(c, (await credentials.list(ownUser(c))).map(credentialView));
    },

    async POST(c) {
      const { label } = await readJson(c, LabelBody);
      const issued = await credentials.issue(ownUser(c), label ?? null);
      return sendJson(c, issuedCredentialView(issued), 201);
    },
  });

  route("/v1/users/:user_id/credentials/:credential_id", {
    async DELETE(c) {
      await credentials.revoke(ownUser(c), credentialParam(c));
      return c.body(null, 204);
    },
  });

  route("/v1/users/:user_id/credentials/:credential_id/rotate", {
    async POST(c) {
      const { label } = await readOptionalJson(c, LabelBody);
      const issued = await credentials.rotate(ownUser(c), credentialParam(c), label ?? null);
      return sendJson(c, issuedCredentialView(issued));
    },
  });
}
