/**
 * The server name in what a TLS client says first (RFC 8446 §4.1.2, RFC 6066 §3), however it is
 * cut into records and segments.
 *
 * @module
 */

/** What the bytes so far amount to. */
export type Peek =
  /** Nothing yet: more bytes have to come. */
  | { readonly kind: "more" }
  /** A whole ClientHello, with the name in lower case and without dots at its end, if there is one. */
  | { readonly kind: "hello"; readonly serverName: string | null }
  | { readonly kind: "not_tls" }
  | { readonly kind: "malformed" };

const RECORD_HEADER_BYTES = 5;
const RECORD_MAX_BYTES = 16_384;
const HANDSHAKE_HEADER_BYTES = 4;
const HANDSHAKE_RECORD = 0x16;
const MAJOR_VERSION = 0x03;
const CLIENT_HELLO = 0x01;
const SERVER_NAME_EXTENSION = 0;
const HOST_NAME = 0;
/** Version and random. */
const FIXED_BYTES = 34;

const MORE: Peek = { kind: "more" };
const NOT_TLS: Peek = { kind: "not_tls" };
const MALFORMED: Peek = { kind: "malformed" };

/** Reads big-endian numbers and vectors; running over the end is a {@linkcode RangeError}. */
class Reader {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint(size: 1 | 2): number {
    const [first = 0, second = 0] = this.take(size);
    return size === 1 ? first : first << 8 | second;
  }

  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("The message ends early");
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at);
  }

  vector(lengthSize: 1 | 2): Reader {
    return new Reader(this.take(this.uint(lengthSize)));
  }
}

/** Looks at everything that was read from a connection so far. */
export function peekClientHello(bytes: Uint8Array): Peek {
  if (bytes.length < RECORD_HEADER_BYTES) return MORE;
  if (bytes[0] !== HANDSHAKE_RECORD || bytes[1] !== MAJOR_VERSION) return NOT_TLS;
  const message = handshakeMessage(bytes);
  if (!(message instanceof Uint8Array)) return message;
  try {
    return { kind: "hello", serverName: serverNameOf(new Reader(message)) };
  } catch {
    return MALFORMED;
  }
}

/** The body of the ClientHello, put together from its records. Looks at every byte once. */
function handshakeMessage(bytes: Uint8Array): Uint8Array | Peek {
  const message = new Uint8Array(bytes.length);
  let collected = 0;
  for (let at = 0; at + RECORD_HEADER_BYTES <= bytes.length;) {
    const [type, major, , high = 0, low = 0] = bytes.subarray(at, at + RECORD_HEADER_BYTES);
    const length = high << 8 | low;
    if (type !== HANDSHAKE_RECORD || major !== MAJOR_VERSION) return MALFORMED;
    if (length === 0 || length > RECORD_MAX_BYTES) return MALFORMED;
    at += RECORD_HEADER_BYTES;
    if (at + length > bytes.length) return MORE;
    message.set(bytes.subarray(at, at + length), collected);
    at += length;
    collected += length;
    if (message[0] !== CLIENT_HELLO) return MALFORMED;
    const end = messageEnd(message);
    if (collected >= HANDSHAKE_HEADER_BYTES && end <= collected) {
      return message.subarray(HANDSHAKE_HEADER_BYTES, end);
    }
  }
  return MORE;
}

/** Where a handshake message ends, by its header. */
function messageEnd([, high = 0, middle = 0, low = 0]: Uint8Array): number {
  return HANDSHAKE_HEADER_BYTES + (high << 16 | middle << 8 | low);
}

/** @throws {RangeError} when a length leads out of the message; {TypeError} for a name that is no text */
function serverNameOf(hello: Reader): string | null {
  hello.take(FIXED_BYTES);
  hello.vector(1); // session id
  hello.vector(2); // cipher suites
  hello.vector(1); // compression methods
  if (hello.isAtEnd) return null;
  const extensions = hello.vector(2);
  while (!extensions.isAtEnd) {
    const type = extensions.uint(2);
    const extension = extensions.vector(2);
    if (type === SERVER_NAME_EXTENSION) return firstHostName(extension.vector(2));
  }
  return null;
}

function firstHostName(names: Reader): string | null {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  while (!names.isAtEnd) {
    const type = names.uint(1);
    const bytes = names.vector(2);
    if (type !== HOST_NAME) continue;
    const name = utf8.decode(bytes.rest()).trim().replace(/\.+$/, "")
      .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    if (name !== "") return name;
  }
  return null;
}
