/**
 * `/v1/auth`: the first superadmin, logging in and out. Outside the authentication middleware.
 *
 * @module
 */

import { z } from "zod";
import { AccessError } from "../../core/errors.ts";
import type { Onboarding } from "../../identity/onboarding.ts";
import type { WebSessions } from "../../identity/web_sessions.ts";
import { requireOwnPage } from "../csrf.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import { DENIED_TEXT } from "../middleware/authenticate.ts";
import { clearedSessionCookie, sessionCookie, sessionSecret } from "../session_cookie.ts";
import { CreatedUserView, createdUserView } from "../views/user.ts";
import { POLICY_ERRORS } from "./users.ts";

export interface AuthRoutesOptions {
  readonly sessions: WebSessions;
  readonly onboarding: Onboarding;
  /** Where the Web UI is reached, if that was configured. */
  readonly publicOrigin: () => string | null;
  /** Whether operators come over TLS. @default when the public origin is https */
  readonly isSecure?: () => boolean;
}

const OnboardingBody = z.object({
  user_id: z.string(),
  display_name: z.string(),
  password: z.string(),
  password_confirm: z.string(),
  setup_token: z.string().nullish(),
});
const LoginBody = z.object({
  user_id: z.string(),
  password: z.string(),
  totp_code: z.string().nullish().meta({
    description: "Of an authenticator app; for users who set one up.",
  }),
});

export function authRoutes(route: Route, options: AuthRoutesOptions): void {
  onboardingRoute(route, options);
  loginRoute(route, options);
  logoutRoute(route, options);
}

/** Whether cookies are for https only. */
const secure = ({ publicOrigin, isSecure }: AuthRoutesOptions) =>
  isSecure?.() ?? publicOrigin()?.startsWith("https://") ?? false;

function onboardingRoute(route: Route, { onboarding }: AuthRoutesOptions): void {
  route("/v1/auth/onboarding", {
    POST: operation({
      summary: "Create the first superadmin",
      description: "Works once, with the setup token that the server printed when it started.",
      caller: "anyone",
      body: OnboardingBody,
      bodyExample: {
        user_id: "admin",
        display_name: "Admin",
        password: "correct horse battery",
        password_confirm: "correct horse battery",
        setup_token: "Zs0m1u4yQf8kVb2nR6tXc9hJpLwEaGd3iYoU7KvTq5B",
      },
      success: {
        status: 201,
        description: "The superadmin, who can log in now.",
        view: CreatedUserView,
        example: { user_id: "admin", display_name: "Admin", role: "superadmin" },
      },
      errors: [
        "already_bootstrapped",
        "rate_limited",
        "setup_token_required",
        "setup_token_invalid",
        "invalid_user_id",
        "reserved_user_id",
        "invalid_display_name",
        "password_mismatch",
        ...POLICY_ERRORS,
        "user_already_exists",
      ],
      storeFailure: "internal",
      async handle(c, { body }) {
        const user = await onboarding.run({
          userId: body.user_id,
          displayName: body.display_name,
          password: body.password,
          confirmation: body.password_confirm,
          setupToken: body.setup_token ?? "",
          remoteIp: c.env.remoteIp,
        });
        return createdUserView(user);
      },
    }),
  });
}

function loginRoute(route: Route, options: AuthRoutesOptions): void {
  route("/v1/auth/login", {
    POST: operation({
      summary: "Log in with a password",
      description:
        "Sets the cookie `portunus_session`. Whatever is wrong, the answer is the same. " +
        "Users with a second factor hear `totp_required` once the password is right.",
      caller: "anyone",
      body: LoginBody,
      bodyExample: { user_id: "alice", password: "correct horse battery" },
      success: {
        status: 200,
        description: "A session has begun.",
        view: z.object({ password_change_required: z.boolean() }),
        example: { password_change_required: false },
      },
      errors: ["rate_limited", "invalid_login", "totp_required", "totp_invalid"],
      storeFailure: "internal",
      async handle(c, { body }) {
        const { secret, passwordChangeRequired } = await options.sessions.login(
          { userId: body.user_id, password: body.password, totpCode: body.totp_code ?? null },
          { remoteIp: c.env.remoteIp, userAgent: c.req.header("user-agent") ?? null },
        );
        c.header("Set-Cookie", sessionCookie(secret, secure(options)));
        return { password_change_required: passwordChangeRequired };
      },
    }),
  });
}

function logoutRoute(route: Route, options: AuthRoutesOptions): void {
  route("/v1/auth/logout", {
    POST: operation({
      summary: "End the session",
      caller: "session",
      success: { status: 204, description: "The session is over, its cookie cleared." },
      errors: [
        "unauthenticated",
        "csrf_origin_required",
        "csrf_origin_mismatch",
        "csrf_header_required",
        "csrf_content_type_required",
        "credential_invalid",
      ],
      storeFailure: "internal",
      async handle(c) {
        const secret = sessionSecret(c);
        if (secret === null) throw new AccessError("unauthenticated", DENIED_TEXT);
        requireOwnPage(c.req.raw, options.publicOrigin());
        if (!await options.sessions.logout(secret)) {
          throw new AccessError("credential_invalid", DENIED_TEXT);
        }
        c.header("Set-Cookie", clearedSessionCookie(secure(options)));
      },
    }),
  });
}
