/**
 * Accounts that tests of their stores enter, and what they expect of them.
 *
 * @module
 */

import { AccessError } from "../../src/core/errors.ts";
import { WEB_SESSION } from "../../src/core/limits.ts";
import type { FirstSuperadmin, IdentityStore } from "../../src/identity/identity_store.ts";

export const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");
export const NOTHING = () => undefined;

export const user = (userId: string, passwordHash: string | null = null) => ({
  userId,
  role: "user",
  displayName: userId.toUpperCase(),
  createdAt: NOW,
  passwordHash,
  passwordChangeRequired: false,
} as const);

export const credential = (userId: string, credentialId: string, tokenHash: string) => ({
  credentialId,
  userId,
  tokenHash,
  label: null,
  issuedAt: NOW,
});

export const root = (tokenHash: string | null = null): FirstSuperadmin => ({
  user: { ...user("root", tokenHash === null ? "phc" : null), role: "superadmin" },
  credential: tokenHash === null ? null : credential("root", "c-root", tokenHash),
});

export const session = (userId: string, sessionHash: string) => ({
  sessionHash,
  userId,
  createdAt: NOW,
  absoluteExpiresAt: NOW.add({ seconds: WEB_SESSION.absoluteSecs }),
  remoteAddr: "192.0.2.1",
  userAgent: null,
});

/** What a login was found to be right about. */
export const login = (passwordHash: string, step?: number, secret = "S") => ({
  passwordHash,
  code: step === undefined ? null : { secret, step },
});

/** Expects an {@linkcode AccessError} of that code. */
export const refused = (code: string) => (error: unknown) =>
  error instanceof AccessError && error.code === code;

/** Registers a test on a store of its own. */
export type Test = (what: string, run: (store: IdentityStore) => Promise<void>) => void;
