/**
 * One-time codes of authenticator apps (TOTP, RFC 6238): SHA-1, six digits, a new one every 30 s.
 * The package that computes them is loaded with the first use.
 *
 * @module
 */

import { TOTP } from "../core/limits.ts";
import type { Random } from "../system/random.ts";

/** Whom apps name beside the account. */
const ISSUER = "Portunus";

async function generator(secret: string, userId: string) {
  const otpauth = await import("otpauth");
  return new otpauth.TOTP({
    issuer: ISSUER,
    label: userId,
    secret: otpauth.Secret.fromBase32(secret),
    algorithm: "SHA1",
    digits: TOTP.digits,
    period: TOTP.stepSecs,
  });
}

/** A new secret, in base32 as apps take it. */
export async function newTotpSecret(random: Random): Promise<string> {
  const { Secret } = await import("otpauth");
  return new Secret({ buffer: random.bytes(TOTP.secretBytes).buffer }).base32;
}

/** What an app reads from a QR code. It contains the secret. */
export async function totpUri(secret: string, userId: string): Promise<string> {
  return (await generator(secret, userId)).toString();
}

/** The code of a moment, given in Unix milliseconds; what an app would show. */
export async function totpCode(secret: string, nowMs: number): Promise<string> {
  return (await generator(secret, "")).generate({ timestamp: nowMs });
}

/**
 * The step (the moment divided by 30 s) that `code` is of: now, or one to either side, because
 * clocks differ. `null` for a wrong code. Spaces, which people type between digits, do not count.
 *
 * @param nowMs Unix milliseconds
 */
export async function totpStepOf(
  secret: string,
  code: string,
  nowMs: number,
): Promise<number | null> {
  const token = code.replaceAll(" ", "");
  if (token.length !== TOTP.digits || !/^[0-9]+$/.test(token)) return null;
  const totp = await generator(secret, "");
  const delta = totp.validate({ token, timestamp: nowMs, window: TOTP.windowSteps });
  return delta === null ? null : totp.counter({ timestamp: nowMs }) + delta;
}
