import { blake3 } from "@noble/hashes/blake3.js";

/** The id of the rule with this name: the first 8 bytes of its BLAKE3, little-endian, as in 3.1.0. */
export function ruleId(name: string): bigint {
  const hash = blake3(new TextEncoder().encode(name));
  return new DataView(hash.buffer, hash.byteOffset, 8).getBigUint64(0, true);
}
