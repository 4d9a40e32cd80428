/**
 * Bounds of publishing, the unit last in the name; all others are in `limits.ts`.
 *
 * @module
 */

/** Logins on protected hosts. */
export const PUBLISH_ACCESS = {
  /** From the first redirect to the end of the login. */
  loginSecs: 600,
  /** A code goes straight from one page to the next. */
  codeTtlSecs: 60,
  codesMax: 10_000,
  codesPerUserMax: 32,
  sessionAbsoluteSecs: 12 * 3_600,
  sessionIdleSecs: 2 * 3_600,
  /** How often the use of a session is noted in its cookie. */
  sessionRenewSecs: 60,
  /** Sessions ended by hand that are remembered, until they would have ended anyway. */
  endedSessionsMax: 10_000,
  /** How old what is known of a user may be. */
  recheckSecs: 30,
  visitorsMax: 10_000,
  /** An address to come back to. */
  targetMaxChars: 2_048,
  cookieMaxChars: 2_048,
} as const;
