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
import { readJson, type Route, sendJson } from "../http.ts";
import { DENIED_TEXT } from "../middleware/authenticate.ts";
import { clearedSessionCookie, sessionCookie, sessionSecret } from "../session_cookie.ts";
import { createdUserView } from "../views/user.ts";

export interface AuthRoutesOptions {
  readonly sessions: WebSessions;
  readonly onboarding: Onboarding;
  /** Where the Web UI is reached, if that was configured. */
  readonly publicOrigin: () => string | null;
}

const OnboardingBody = z.object({
  user_id: z.string(),
  display_name: z.string(),
  password: z.string(),
  password_confirm: z.string(),
  setup_token: z.string().nullish(),
});
const LoginBody = z.object({ user_id: z.string(), password: z.string() });

export function authRoutes(
  route: Route,
  { sessions, onboarding, publicOrigin }: AuthRoutesOptions,
): void {
  const secure = () => publicOrigin()?.startsWith("https://") ?? false;

  route("/v1/auth/onboarding", {
    async POST(c) {
      const body = await readJson(c, OnboardingBody);
      const user = await onboarding.run({
        userId: body.user_id,
        displayName: body.display_name,
        password: body.password,
        confirmation: body.password_confirm,
        setupToken: body.setup_token ?? "",
        remoteIp: c.env.remoteIp,
      });
      return sendJson(c, createdUserView(user), 201);
    },
  });

  route("/v1/auth/login", {
    async POST(c) {
      const { user_id, password } = await readJson(c, LoginBody);
      const { secret, passwordChangeRequired } = await sessions.login(user_id, password, {
        remoteIp: c.env.remoteIp,
        userAgent: c.req.header("user-agent") ?? null,
      });
      c.header("Set-Cookie", sessionCookie(secret, secure()));
      return sendJson(c, { password_change_required: passwordChangeRequired });
    },
  });

  route("/v1/auth/logout", {
    async POST(c) {
      const secret = sessionSecret(c);
      if (secret === null) throw new AccessError("unauthenticated", DENIED_TEXT);
      requireOwnPage(c.req.raw, publicOrigin());
      if (!await sessions.logout(secret)) {
        throw new AccessError("credential_invalid", DENIED_TEXT);
      }
      return c.body(null, 204, { "Set-Cookie": clearedSessionCookie(secure()) });
    },
  });
}
