/**
 * `/v1/users`: who may use the API, and passwords.
 *
 * @module
 */

import { z } from "zod";
import type { AuditLog } from "../../audit/trail.ts";
import type { AccessService } from "../../control/access.ts";
import type { Accounts, PasswordResetResult } from "../../identity/accounts.ts";
import { requireSuperadmin } from "../../identity/operators.ts";
import { type AppContext, readJson, type Route, sendJson } from "../http.ts";
import { createdUserView, userView } from "../views/user.ts";

export interface UserRoutesOptions {
  readonly accounts: Accounts;
  readonly access: AccessService;
  readonly trail: AuditLog;
}

const OwnPasswordBody = z.object({
  current_password: z.string(),
  new_password: z.string(),
  new_password_confirm: z.string(),
});
const NewUserBody = z.object({
  user_id: z.string(),
  display_name: z.string(),
  role: z.string().optional(),
  initial_password: z.string().nullish(),
  password_change_required: z.boolean().nullish(),
});
const PasswordResetBody = z.object({
  new_password: z.string().nullish(),
  temporary_password: z.boolean().nullish(),
  keep_api_tokens: z.boolean().nullish(),
});

/** The superadmin who is asking. @throws {AccessError} `role_required` for anyone else */
export function superadmin(c: AppContext): string {
  const operator = c.get("operator");
  requireSuperadmin(operator, "rbac: role_required");
  return operator.userId;
}

/** The user a path names. */
export const userParam = (c: AppContext): string => c.req.param("user_id") ?? "";

export function userRoutes(route: Route, options: UserRoutesOptions): void {
  ownRoutes(route, options);
  adminRoutes(route, options);
}

/** Before the routes of users by id: nobody is called `me`. */
function ownRoutes(route: Route, { accounts }: UserRoutesOptions): void {
  route("/v1/users/me", {
    async GET(c) {
      const { userId, role } = c.get("operator");
      const displayName = await accounts.displayNameOf(userId);
      return sendJson(c, { user_id: userId, role, display_name: displayName });
    },
  });

  route("/v1/users/me/password", {
    async POST(c) {
      const body = await readJson(c, OwnPasswordBody);
      await accounts.changeOwnPassword(c.get("operator").userId, {
        current: body.current_password,
        next: body.new_password,
        confirmation: body.new_password_confirm,
      });
      return c.body(null, 204);
    },
  });
}

function adminRoutes(route: Route, { accounts, access, trail }: UserRoutesOptions): void {
  route("/v1/users", {
    async GET(c) {
      superadmin(c);
      return sendJson(c, (await accounts.list()).map(userView));
    },

    async POST(c) {
      const body = await readJson(c, NewUserBody);
      const created = await accounts.create(superadmin(c), {
        userId: body.user_id,
        displayName: body.display_name,
        role: body.role ?? "user",
        initialPassword: body.initial_password ?? null,
        passwordChangeRequired: body.password_change_required ?? false,
      });
      return sendJson(c, createdUserView(created), 201);
    },
  });

  route("/v1/users/:user_id", {
    async GET(c) {
      superadmin(c);
      return sendJson(c, userView(await accounts.get(userParam(c))));
    },

    async DELETE(c) {
      const removed = await access.removeUser(superadmin(c), userParam(c));
      return sendJson(c, {
        user_id: removed.userId,
        removed_credential_ids: removed.credentialIds,
        revoked_grant_ids: removed.grantIds,
        removed_rule_ids: removed.ruleIds,
      });
    },
  });

  route("/v1/users/:user_id/password", {
    async POST(c) {
      const body = await readJson(c, PasswordResetBody);
      superadmin(c);
      const userId = userParam(c);
      const result = await accounts.resetPassword(userId, {
        password: body.new_password ?? null,
        temporary: body.temporary_password ?? false,
        keepApiTokens: body.keep_api_tokens ?? false,
        remoteIp: c.env.remoteIp,
      });
      recordReset(c, trail, userId, result);
      return sendJson(c, resetView(userId, result));
    },
  });
}

/** Beside the entry of the request: what the reset did, without any password. */
function recordReset(
  c: AppContext,
  trail: AuditLog,
  userId: string,
  result: PasswordResetResult,
): void {
  const { userId: actor, role } = c.get("operator");
  trail.record({
    actor,
    role,
    outcome: "allow",
    action: "operator.password_reset",
    resourceKind: "user",
    resourceValue: userId,
    details: {
      sessions_revoked: result.sessionsRevoked,
      temporary_password_generated: result.generatedPassword !== null,
      password_change_required: result.passwordChangeRequired,
    },
  });
}

function resetView(userId: string, result: PasswordResetResult) {
  const { generatedPassword } = result;
  return {
    user_id: userId,
    sessions_revoked: result.sessionsRevoked,
    api_tokens_revoked: result.apiTokensRevoked,
    ...(generatedPassword === null ? {} : { temporary_password: generatedPassword }),
  };
}
