/**
 * Web sessions as JSON.
 *
 * @module
 */

import { z } from "zod";
import { toJsonText } from "../../core/instant.ts";
import { sessionIdOf } from "../../identity/web_sessions.ts";
import type { ListedWebSession } from "../../store/web_sessions.ts";
import { dateTime } from "./scalars.ts";

export const SessionView = z.object({
  session_id: z.string(),
  created_at: dateTime,
  last_seen_at: dateTime,
  expires_at: dateTime.meta({ description: "When it ends at the latest." }),
  remote_addr: z.string().meta({ description: "IP address of the login." }),
  user_agent: z.string().nullable(),
  current: z.boolean().meta({ description: "Whether the request itself came with it." }),
}).meta({ id: "Session" });

/** A session that goes on; its secret is nowhere, its hash never leaves the store. */
export function sessionView(
  session: ListedWebSession,
  current: boolean,
): z.input<typeof SessionView> {
  return {
    session_id: sessionIdOf(session.sessionHash),
    created_at: toJsonText(session.createdAt),
    last_seen_at: toJsonText(session.lastSeenAt),
    expires_at: toJsonText(session.absoluteExpiresAt),
    remote_addr: session.remoteAddr,
    user_agent: session.userAgent,
    current,
  };
}
