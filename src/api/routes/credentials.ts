/**
 * `/v1/users/{user_id}/credentials`: API tokens, for the user themselves and for superadmins.
 *
 * @module
 */

import { z } from "zod";
import { credentialLabelProblem } from "../../core/ids.ts";
import type { ApiCredentials } from "../../identity/api_credentials.ts";
import type { AppContext } from "../http.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import {
  CredentialView,
  credentialView,
  IssuedCredentialView,
  issuedCredentialView,
} from "../views/user.ts";
import { userParam } from "./users.ts";

export interface CredentialRoutesOptions {
  readonly credentials: ApiCredentials;
}

const LabelBody = z.object({
  label: z.string().refine((text) => credentialLabelProblem(text) === null, {
    error: ({ input }) => credentialLabelProblem(String(input)) ?? "",
  }).nullish(),
});

const USER_ERRORS = ["invalid_user_id", "user_not_found"] as const;

const listed = {
  status: 200,
  description: "The credentials, revoked ones too, oldest first.",
  view: z.array(CredentialView),
  example: [{
    credential_id: "01JABCDEFGHJKMNPQRSTVWXYZ2",
    user_id: "alice",
    label: "laptop",
    created_at: "2026-05-07T10:00:00Z",
    last_used_at: null,
    status: "active",
    revoked_at: null,
  }],
} as const;

const issued = {
  view: IssuedCredentialView,
  example: {
    credential_id: "01JABCDEFGHJKMNPQRSTVWXYZ3",
    user_id: "alice",
    token: "yXBx6rfI6Og5x0_eFJ3skURSnMeK3rvFpbO83Gf6RKY",
    label: "laptop",
    created_at: "2026-05-07T10:00:00Z",
  },
} as const;

const credentialParam = (c: AppContext): string => c.req.param("credential_id") ?? "";

export function credentialRoutes(route: Route, options: CredentialRoutesOptions): void {
  ownRoute(route, options);
  collectionRoute(route, options);
  itemRoutes(route, options);
}

/** Before the route of users by id: nobody is called `me`. */
function ownRoute(route: Route, { credentials }: CredentialRoutesOptions): void {
  route("/v1/users/me/credentials", {
    GET: operation({
      summary: "List one's own API credentials",
      caller: "operator",
      success: listed,
      errors: [...USER_ERRORS],
      handle: async (c) => (await credentials.list(c.get("operator").userId)).map(credentialView),
    }),
  });
}

function collectionRoute(route: Route, { credentials }: CredentialRoutesOptions): void {
  route("/v1/users/:user_id/credentials", {
    GET: operation({
      summary: "List a user's API credentials",
      caller: "self",
      success: listed,
      errors: [...USER_ERRORS],
      handle: async (c) => (await credentials.list(userParam(c))).map(credentialView),
    }),

    POST: operation({
      summary: "Issue an API credential",
      caller: "self",
      body: LabelBody,
      bodyExample: { label: "laptop" },
      success: { ...issued, status: 201, description: "The credential, with its token." },
      errors: [...USER_ERRORS],
      handle: async (c, { body }) =>
        issuedCredentialView(await credentials.issue(userParam(c), body.label ?? null)),
    }),
  });
}

function itemRoutes(route: Route, { credentials }: CredentialRoutesOptions): void {
  route("/v1/users/:user_id/credentials/:credential_id", {
    DELETE: operation({
      summary: "Revoke an API credential",
      caller: "self",
      success: { status: 204, description: "Its token is void." },
      errors: [...USER_ERRORS, "credential_not_found", "last_superadmin"],
      handle: (c) => credentials.revoke(userParam(c), credentialParam(c)),
    }),
  });

  route("/v1/users/:user_id/credentials/:credential_id/rotate", {
    POST: operation({
      summary: "Replace an API credential",
      description: "The old token is void at once. The label goes over unless one is given.",
      caller: "self",
      body: LabelBody,
      bodyIsOptional: true,
      bodyExample: { label: "laptop" },
      success: { ...issued, status: 200, description: "The new credential, with its token." },
      errors: [...USER_ERRORS, "credential_not_found"],
      handle: async (c, { body }) =>
        issuedCredentialView(
          await credentials.rotate(userParam(c), credentialParam(c), body.label ?? null),
        ),
    }),
  });
}
