/** The key schedule and record protection of TLS 1.3 with SHA-256 and AES-128-GCM (RFC 8446 §5, §7). */

import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";

const utf8 = new TextEncoder();
const EMPTY = new Uint8Array();
const HASH_LENGTH = 32;
const TAG_LENGTH = 16;

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** `value` in `size` big-endian bytes. */
export function uint(size: number, value: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => value >>> 8 * (size - 1 - i));
}

/** `parts` after their length in `lengthSize` bytes. */
export function vector(lengthSize: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(...parts);
  return concat(uint(lengthSize, body.length), body);
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return createHash("sha256").update(concat(...parts)).digest();
}

export function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(data).digest();
}

/** HKDF-Expand-Label; one block is enough for every length used here. */
export function expandLabel(
  secret: Uint8Array,
  label: string,
  options: { readonly context?: Uint8Array; readonly length: number },
): Uint8Array {
  const { context = EMPTY, length } = options;
  const info = concat(
    uint(2, length),
    vector(1, utf8.encode(`tls13 ${label}`)),
    vector(1, context),
  );
  return hmac(secret, concat(info, uint(1, 1))).subarray(0, length);
}

/** A secret derived from `secret` and a transcript. */
function derive(secret: Uint8Array, label: string, transcript: Uint8Array): Uint8Array {
  return expandLabel(secret, label, { context: transcript, length: HASH_LENGTH });
}

/** The traffic secrets that follow from an ECDHE secret. Transcripts are hashes. */
export class Secrets {
  readonly #handshake: Uint8Array;
  readonly #master: Uint8Array;

  constructor(sharedSecret: Uint8Array) {
    const zeros = new Uint8Array(HASH_LENGTH);
    const early = hmac(zeros, zeros);
    this.#handshake = hmac(derive(early, "derived", sha256()), sharedSecret);
    this.#master = hmac(derive(this.#handshake, "derived", sha256()), zeros);
  }

  handshake(side: "c" | "s", transcript: Uint8Array): Uint8Array {
    return derive(this.#handshake, `${side} hs traffic`, transcript);
  }

  clientApplication(transcript: Uint8Array): Uint8Array {
    return derive(this.#master, "c ap traffic", transcript);
  }
}

/** Protects the records of one direction and one traffic secret. */
export class RecordCipher {
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  #sequence = 0;

  constructor(trafficSecret: Uint8Array) {
    this.#key = expandLabel(trafficSecret, "key", { length: 16 });
    this.#iv = expandLabel(trafficSecret, "iv", { length: 12 });
  }

  /** A whole record with `content` of `type` inside. */
  seal(type: number, content: Uint8Array): Uint8Array {
    const inner = concat(content, uint(1, type));
    const header = concat(Uint8Array.of(23, 3, 3), uint(2, inner.length + TAG_LENGTH));
    const cipher = createCipheriv("aes-128-gcm", this.#key, this.#nonce());
    cipher.setAAD(header);
    return concat(header, cipher.update(inner), cipher.final(), cipher.getAuthTag());
  }

  /** What is inside a record; throws when it was not sealed with this secret. */
  open(body: Uint8Array): { type: number; content: Uint8Array } {
    const header = concat(Uint8Array.of(23, 3, 3), uint(2, body.length));
    const decipher = createDecipheriv("aes-128-gcm", this.#key, this.#nonce());
    decipher.setAAD(header);
    decipher.setAuthTag(body.slice(-TAG_LENGTH));
    const inner = concat(decipher.update(body.slice(0, -TAG_LENGTH)), decipher.final());
    const end = inner.findLastIndex((byte) => byte !== 0);
    return { type: inner[end] ?? 0, content: inner.slice(0, end) };
  }

  #nonce(): Uint8Array {
    const sequence = uint(12, 0);
    new DataView(sequence.buffer).setUint32(8, this.#sequence++);
    return sequence.map((byte, i) => byte ^ (this.#iv[i] ?? 0));
  }
}
