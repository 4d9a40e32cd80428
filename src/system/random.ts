/**
 * Randomness as a parameter.
 *
 * @module
 */

import { encodeBase64Url } from "./base64.ts";

/** A source of random bytes. */
export interface Random {
  /** Fills and returns a new array of `length` random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** The operating system's CSPRNG. */
export const systemRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};

/** A new secret: 32 random bytes as base64url without padding (43 characters). */
export function newToken(random: Random): string {
  return encodeBase64Url(random.bytes(32));
}

/** A uniformly distributed integer in `[0, max]`; `max` must be below 2^48. */
export function randomInteger(random: Random, max: number): number {
  let value = 0;
  for (const byte of random.bytes(6)) value = value * 256 + byte;
  // 48 random bits over at most 2^45 values: the bias is far below anything observable.
  return Math.floor(value / 2 ** 48 * (max + 1));
}
