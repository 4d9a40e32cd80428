/**
 * `/v1/users`: who may use the API, and passwords.
 *
 * @module
 */

import { z } from "zod";
import type { AuditLog } from "../../audit/trail.ts";
import type { AccessService } from "../../control/access.ts";
import type { ErrorCode } from "../../core/errors.ts";
import type { Accounts, PasswordResetResult } from "../../identity/accounts.ts";
import type { AppContext } from "../http.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import { role, userId } from "../views/scalars.ts";
import {
  CreatedUserView,
  createdUserView,
  PasswordResetView,
  passwordResetView,
  RemovedUserView,
  removedUserView,
  UserView,
  userView,
} from "../views/user.ts";

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
  user_id: z.string().meta({ description: "`^[a-z][a-z0-9_-]{0,31}$`" }),
  display_name: z.string().meta({ description: "1 to 64 bytes." }),
  role: z.string().optional().meta({ description: "`user` or `superadmin`.", default: "user" }),
  initial_password: z.string().nullish().meta({
    description: "Absent for a user who works by API credentials alone.",
  }),
  password_change_required: z.boolean().nullish(),
});
const UserChangeBody = z.object({
  display_name: z.string().nullish().meta({ description: "1 to 64 bytes." }),
  role: z.string().nullish().meta({ description: "`user` or `superadmin`." }),
  disabled: z.boolean().nullish().meta({ description: "Nobody disabled can log in or call." }),
});
const PasswordResetBody = z.object({
  new_password: z.string().nullish().meta({ description: "Absent to have one made up." }),
  temporary_password: z.boolean().nullish().meta({
    description: "Whether it must be changed at the next login.",
  }),
  keep_api_tokens: z.boolean().nullish(),
});

const USER = {
  user_id: "alice",
  display_name: "Alice",
  role: "user",
  disabled: false,
  created_at: "2026-05-07T10:00:00Z",
  grant_count: 1,
  credential_count: 1,
};

/** What the password policy says. */
export const POLICY_ERRORS = [
  "password_too_short",
  "password_too_long",
  "password_hash_failed",
] as const satisfies readonly ErrorCode[];

/** The user a path names. */
export const userParam = (c: AppContext): string => c.req.param("user_id") ?? "";

export function userRoutes(route: Route, options: UserRoutesOptions): void {
  ownRoutes(route, options);
  collectionRoute(route, options);
  itemRoute(route, options);
  passwordRoute(route, options);
}

/** Before the routes of users by id: nobody is called `me`. */
function ownRoutes(route: Route, { accounts }: UserRoutesOptions): void {
  route("/v1/users/me", {
    GET: operation({
      summary: "Show who is asking",
      caller: "operator",
      success: {
        status: 200,
        description: "The caller.",
        view: z.object({ user_id: userId, role, display_name: z.string() }),
        example: { user_id: "alice", role: "user", display_name: "Alice" },
      },
      errors: [],
      async handle(c) {
        const { userId, role } = c.get("operator");
        return { user_id: userId, role, display_name: await accounts.displayNameOf(userId) };
      },
    }),
  });

  route("/v1/users/me/password", {
    POST: operation({
      summary: "Change one's own password",
      description: "Sessions go on. A password that had to be changed no longer has to.",
      caller: "operator",
      body: OwnPasswordBody,
      bodyExample: {
        current_password: "correct horse battery",
        new_password: "another long passphrase",
        new_password_confirm: "another long passphrase",
      },
      success: { status: 204, description: "The password is changed." },
      errors: ["password_mismatch", "invalid_login", ...POLICY_ERRORS, "user_not_found"],
      storeFailure: "internal",
      handle: (c, { body }) =>
        accounts.changeOwnPassword(c.get("operator").userId, {
          current: body.current_password,
          next: body.new_password,
          confirmation: body.new_password_confirm,
        }),
    }),
  });
}

function collectionRoute(route: Route, { accounts }: UserRoutesOptions): void {
  route("/v1/users", {
    GET: operation({
      summary: "List users",
      caller: "superadmin",
      success: {
        status: 200,
        description: "The users by id.",
        view: z.array(UserView),
        example: [USER],
      },
      errors: [],
      handle: async () => (await accounts.list()).map(userView),
    }),

    POST: operation({
      summary: "Add a user",
      caller: "superadmin",
      body: NewUserBody,
      bodyExample: {
        user_id: "carol",
        display_name: "Carol",
        initial_password: "correct horse battery",
        password_change_required: true,
      },
      success: {
        status: 201,
        description: "The user. No token is issued.",
        view: CreatedUserView,
        example: { user_id: "carol", display_name: "Carol", role: "user" },
      },
      errors: [
        "invalid_user_id",
        "reserved_user_id",
        "invalid_display_name",
        "initial_password_required",
        ...POLICY_ERRORS,
        "user_already_exists",
        "registration_disabled",
        "too_many_users",
      ],
      async handle(c, { body }) {
        const created = await accounts.create(c.get("operator").userId, {
          userId: body.user_id,
          displayName: body.display_name,
          role: body.role ?? "user",
          initialPassword: body.initial_password ?? null,
          passwordChangeRequired: body.password_change_required ?? false,
        });
        return createdUserView(created);
      },
    }),
  });
}

function itemRoute(route: Route, { accounts, access }: UserRoutesOptions): void {
  route("/v1/users/:user_id", {
    GET: operation({
      summary: "Show a user",
      caller: "superadmin",
      success: { status: 200, description: "The user.", view: UserView, example: USER },
      errors: ["invalid_user_id", "user_not_found"],
      handle: async (c) => userView(await accounts.get(userParam(c))),
    }),

    PATCH: operation({
      summary: "Change a user",
      description: "What is absent stays. Disabling ends sessions; credentials and rules stay.",
      caller: "superadmin",
      body: UserChangeBody,
      bodyExample: { display_name: "Alice L.", disabled: false },
      success: {
        status: 200,
        description: "The user as of now.",
        view: UserView,
        example: { ...USER, display_name: "Alice L." },
      },
      errors: [
        "invalid_user_id",
        "invalid_display_name",
        "role_required",
        "cannot_restrict_self",
        "user_not_found",
        "last_superadmin",
      ],
      handle: async (c, { body }) =>
        userView(
          await accounts.update(c.get("operator").userId, userParam(c), {
            displayName: body.display_name ?? null,
            role: body.role ?? null,
            disabled: body.disabled ?? null,
          }),
        ),
    }),

    DELETE: operation({
      summary: "Remove a user",
      description: "Credentials, grants, sessions and rules go, too; clients are told.",
      caller: "superadmin",
      success: {
        status: 200,
        description: "What went.",
        view: RemovedUserView,
        example: {
          user_id: "alice",
          removed_credential_ids: ["01JABCDEFGHJKMNPQRSTVWXYZ2"],
          revoked_grant_ids: ["01JABCDEFGHJKMNPQRSTVWXYZ1"],
          removed_rule_ids: [7],
        },
      },
      errors: ["invalid_user_id", "cannot_remove_self", "last_superadmin", "user_not_found"],
      handle: async (c) =>
        removedUserView(await access.removeUser(c.get("operator").userId, userParam(c))),
    }),
  });
}

function passwordRoute(route: Route, { accounts, trail }: UserRoutesOptions): void {
  route("/v1/users/:user_id/password", {
    POST: operation({
      summary: "Reset a user's password",
      description: "The user's sessions end, and their API credentials unless kept.",
      caller: "superadmin",
      body: PasswordResetBody,
      bodyExample: { keep_api_tokens: true },
      success: {
        status: 200,
        description: "What ended, and the password if one was made up.",
        view: PasswordResetView,
        example: {
          user_id: "alice",
          sessions_revoked: 1,
          api_tokens_revoked: 0,
          temporary_password: "ZkYw2Lr8xGv0c4mJ9sTnqB1hPdKfUeAo7iXy5RtWz3M",
        },
      },
      errors: ["invalid_user_id", "rate_limited", ...POLICY_ERRORS, "user_not_found"],
      async handle(c, { body }) {
        const userId = userParam(c);
        const result = await accounts.resetPassword(userId, {
          password: body.new_password ?? null,
          temporary: body.temporary_password ?? false,
          keepApiTokens: body.keep_api_tokens ?? false,
          remoteIp: c.env.remoteIp,
        });
        recordReset(c, trail, userId, result);
        return passwordResetView(userId, result);
      },
    }),
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
