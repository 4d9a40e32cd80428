/**
 * What a store of accounts decides about one-time codes at the moment of a write; the same wherever
 * accounts live.
 *
 * @module
 */

import { AccessError } from "../core/errors.ts";
import type { Totp, UsedCode } from "../store/users.ts";

/** Whether a code is of this secret, and later than every code that was used. */
export function isFresh({ secret, lastStep }: Totp, code: UsedCode): boolean {
  return secret === code.secret && (lastStep === null || code.step > lastStep);
}

/** Whether a secret was set up and waits for its first code. */
export function isWaitingFor(totp: Totp | undefined, code: UsedCode): boolean {
  return totp?.lastStep === null && totp.secret === code.secret;
}

/** @throws {AccessError} `totp_already_enabled` when there is a secret that logins ask for */
export function requireReplaceable(totp: Totp | undefined): void {
  if (totp !== undefined && totp.lastStep !== null) throw new AccessError("totp_already_enabled");
}

/**
 * What to keep once a login has used up `code`; `undefined` for what there is already.
 *
 * @throws {AccessError} `totp_invalid` when logging in takes another code, or one at all
 */
export function afterLogin(totp: Totp | undefined, code: UsedCode | null): Totp | undefined {
  // Whoever switched codes off meanwhile needs none.
  if (totp === undefined || totp.lastStep === null) return undefined;
  if (code === null || !isFresh(totp, code)) {
    throw new AccessError("totp_invalid", "the one-time code is not valid");
  }
  return { secret: totp.secret, lastStep: code.step };
}
