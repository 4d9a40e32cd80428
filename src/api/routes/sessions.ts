/**
 * `/v1/users/{user_id}/sessions`: where somebody is logged in, for the user themselves and for
 * superadmins.
 *
 * @module
 */

import { z } from "zod";
import type { WebSessions } from "../../identity/web_sessions.ts";
import { hashSecret } from "../../system/secret_hash.ts";
import type { AppContext } from "../http.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import { sessionSecret } from "../session_cookie.ts";
import { SessionView, sessionView } from "../views/session.ts";
import { userParam } from "./users.ts";

export interface SessionRoutesOptions {
  readonly sessions: WebSessions;
}

const USER_ERRORS = ["invalid_user_id", "user_not_found"] as const;

export function sessionRoutes(route: Route, { sessions }: SessionRoutesOptions): void {
  route("/v1/users/:user_id/sessions", {
    GET: operation({
      summary: "List a user's Web sessions",
      caller: "self",
      success: {
        status: 200,
        description: "The sessions that go on, the one used last first.",
        view: z.array(SessionView),
        example: [{
          session_id: "4f1d0c7e9ab23568",
          created_at: "2026-05-07T10:00:00Z",
          last_seen_at: "2026-05-07T10:20:00Z",
          expires_at: "2026-05-14T10:00:00Z",
          remote_addr: "203.0.113.9",
          user_agent: "Mozilla/5.0",
          current: true,
        }],
      },
      errors: [...USER_ERRORS],
      async handle(c) {
        const current = currentHash(c);
        return (await sessions.list(userParam(c))).map((it) =>
          sessionView(it, it.sessionHash === current)
        );
      },
    }),
  });

  route("/v1/users/:user_id/sessions/:session_id", {
    DELETE: operation({
      summary: "End a Web session",
      caller: "self",
      success: { status: 204, description: "Its cookie is void." },
      errors: [...USER_ERRORS, "session_not_found"],
      handle: (c) => sessions.end(userParam(c), c.req.param("session_id") ?? ""),
    }),
  });
}

/** The session that the request itself came with. */
function currentHash(c: AppContext): string | null {
  const secret = sessionSecret(c);
  return secret === null ? null : hashSecret(secret);
}
