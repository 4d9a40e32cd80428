/**
 * Who is logged in, and what the server lets them do.
 *
 * @module
 */

import { effect, signal } from "@preact/signals";
import {
  type Answer,
  type ApiError,
  call,
  onPasswordWanted,
  onSessionLost,
} from "../api/client.ts";
import { clearQueries } from "../api/query.ts";

export type Me = Answer<"GET /v1/users/me">;

export type Session =
  | { readonly kind: "unknown" }
  | { readonly kind: "failed"; readonly error: ApiError }
  | { readonly kind: "onboarding" }
  | { readonly kind: "anonymous"; readonly expired: boolean }
  | { readonly kind: "restricted" }
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

const RETRY_MS = 5_000;

/** Tries again by itself while the server cannot be asked who is logged in. */
effect(() => {
  if (session.value.kind !== "failed") return;
  const timer = setTimeout(() => void loadSession(), RETRY_MS);
  return () => clearTimeout(timer);
});

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

// A page loaded anew no longer has the password that was typed, so it is asked for again.
onPasswordWanted(() => {
  if (session.value.kind !== "open") return;
  clearQueries();
  session.value = { kind: "restricted" };
});

/** Where to go after the login: a path of this console, whatever the address says. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : "/";
}
