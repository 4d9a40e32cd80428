/**
 * Who is logged in, and what the server lets them do.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { type Answer, type ApiError, call, onSessionLost } from "../api/client.ts";
import { clearQueries } from "../api/query.ts";

export type Me = Answer<"GET /v1/users/me">;

export type Session =
  | { readonly kind: "unknown" }
  | { readonly kind: "failed"; readonly error: ApiError }
  | { readonly kind: "onboarding" }
  | { readonly kind: "anonymous"; readonly expired: boolean }
  | { readonly kind: "open"; readonly me: Me };

/** The session of this tab. */
export const session = signal<Session>({ kind: "unknown" });

/** Finds out whether this browser has a session. */
export async function loadSession(): Promise<void> {
  const status = await call("GET /v1/auth/status", {});
  if (status.ok && status.value.onboarding_required) {
    session.value = { kind: "onboarding" };
    return;
  }
  const me = await call("GET /v1/users/me", {});
  if (me.ok) session.value = { kind: "open", me: me.value };
  else if (me.error.status === 401) session.value = { kind: "anonymous", expired: false };
  else session.value = { kind: "failed", error: me.error };
}

/** Who is logged in; only for what is shown to nobody else. */
export function currentUser(): Me {
  if (session.value.kind !== "open") throw new Error("Nobody is logged in");
  return session.value.me;
}

/** Whether whoever is logged in may administer. */
export function isSuperadmin(): boolean {
  return session.value.kind === "open" && session.value.me.role === "superadmin";
}

let beforeLogOut: () => Promise<unknown> = () => Promise.resolve();

/** Says what has to be asked of the server while the session is there. */
export function onLogOut(finish: () => Promise<unknown>): void {
  beforeLogOut = finish;
}

/** Ends the session; this tab forgets everything whatever the server says. */
export async function logOut(): Promise<void> {
  await beforeLogOut();
  await call("POST /v1/auth/logout", {});
  forget(false);
}

function forget(expired: boolean): void {
  clearQueries();
  session.value = { kind: "anonymous", expired };
}

onSessionLost(() => {
  if (session.value.kind === "open") forget(true);
});

/** Where to go after the login: a path of this console, whatever the address says. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : "/";
}
