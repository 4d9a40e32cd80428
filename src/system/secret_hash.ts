import { blake3 } from "@noble/hashes/blake3.js";

const utf8 = new TextEncoder();

/** How secrets are kept: lowercase hex of BLAKE3-256 of their text. They have 256 random bits, so no salt. */
export function hashSecret(secret: string): string {
  return blake3(utf8.encode(secret)).toHex();
}
