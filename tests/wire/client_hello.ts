/** What a TLS client says first (RFC 8446 §4.1.2), as far as the tests look at it. */

const EXTENSION = { SERVER_NAME: 0, ALPN: 16, KEY_SHARE: 51 } as const;
const X25519 = 0x001d;

export interface ClientHello {
  readonly sessionId: Uint8Array;
  /** The name sent as SNI, or `null`. */
  readonly serverName: string | null;
  readonly alpn: readonly string[];
  /** The client's X25519 public key, or `null`. */
  readonly x25519: Uint8Array<ArrayBuffer> | null;
}

/** Reads big-endian numbers and length-prefixed vectors. */
class Reader {
  #at = 0;
  constructor(readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.#at >= this.bytes.length;
  }

  uint(size: number): number {
    return this.take(size).reduce((value, byte) => value * 256 + byte, 0);
  }

  take(length: number): Uint8Array<ArrayBuffer> {
    const part = this.bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }

  vector(lengthSize: number): Reader {
    return new Reader(this.take(this.uint(lengthSize)));
  }
}

const ascii = new TextDecoder();

/** @param message the handshake message, its 4-byte header included */
export function parseClientHello(message: Uint8Array): ClientHello {
  const reader = new Reader(message);
  reader.take(4 + 2 + 32);
  const sessionId = reader.vector(1).bytes;
  reader.vector(2);
  reader.vector(1);
  let serverName: string | null = null;
  let x25519: Uint8Array<ArrayBuffer> | null = null;
  const alpn: string[] = [];
  for (const extensions = reader.vector(2); !extensions.done;) {
    const type = extensions.uint(2);
    const body = extensions.vector(2);
    if (type === EXTENSION.SERVER_NAME) {
      const names = body.vector(2);
      names.take(1);
      serverName = ascii.decode(names.vector(2).bytes);
    } else if (type === EXTENSION.ALPN) {
      for (const names = body.vector(2); !names.done;) {
        alpn.push(ascii.decode(names.vector(1).bytes));
      }
    } else if (type === EXTENSION.KEY_SHARE) {
      for (const shares = body.vector(2); !shares.done;) {
        const group = shares.uint(2);
        const key = shares.vector(2);
        if (group === X25519) x25519 = key.take(32);
      }
    }
  }
  return { sessionId, serverName, alpn, x25519 };
}
