/**
 * A TLS 1.3 server that signs its handshake with whatever key it is given (RFC 8446; one group,
 * one cipher suite). It stands for an impostor: someone who has the server's certificate, which is
 * public, and not its key. No TLS library lets a server present a certificate that is not its own.
 */

import { sign, X509Certificate } from "node:crypto";
import { type ClientHello, parseClientHello } from "./client_hello.ts";
import {
  concat,
  expandLabel,
  hmac,
  RecordCipher,
  Secrets,
  sha256,
  uint,
  vector,
} from "./tls13_secrets.ts";

const RECORD = { CHANGE_CIPHER_SPEC: 20, HANDSHAKE: 22, APPLICATION_DATA: 23 } as const;
const MESSAGE = {
  SERVER_HELLO: 2,
  ENCRYPTED_EXTENSIONS: 8,
  CERTIFICATE: 11,
  CERTIFICATE_VERIFY: 15,
  FINISHED: 20,
} as const;

const ascii = new TextEncoder();

/** What became of one connection. */
export interface Visit {
  readonly hello: ClientHello;
  /** Whether the client completed the handshake. */
  readonly accepted: boolean;
  /** The first thing that the client sent after it, decrypted. */
  readonly received: Uint8Array;
}

export interface Tls13Server extends Disposable {
  readonly port: number;
  /** The first connection, once it is over. */
  readonly visit: Promise<Visit>;
}

/** Listens for one connection; presents `certPem` and signs with `signingKeyPem`. */
export function startTls13Server(
  identity: { readonly certPem: string; readonly signingKeyPem: string },
): Tls13Server {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const visit = (async () => {
    using socket = await listener.accept();
    return await new Connection(socket, identity).run();
  })();
  return { port: listener.addr.port, visit, [Symbol.dispose]: () => listener.close() };
}

function message(type: number, ...body: readonly Uint8Array[]): Uint8Array {
  return concat(uint(1, type), vector(3, ...body));
}

function extension(type: number, ...body: readonly Uint8Array[]): Uint8Array {
  return concat(uint(2, type), vector(2, ...body));
}

class Connection {
  readonly #socket: Deno.Conn;
  readonly #identity: { readonly certPem: string; readonly signingKeyPem: string };
  /** Handshake messages so far, which everything that follows is bound to. */
  readonly #messages: Uint8Array[] = [];

  constructor(
    socket: Deno.Conn,
    identity: { readonly certPem: string; readonly signingKeyPem: string },
  ) {
    this.#socket = socket;
    this.#identity = identity;
  }

  async run(): Promise<Visit> {
    const first = await this.#read();
    if (first === null) throw new Error("The client said nothing");
    this.#messages.push(first.body);
    const hello = parseClientHello(first.body);
    if (hello.x25519 === null) throw new Error("The client offered no X25519 key");

    const { secrets, publicKey } = await agree(hello.x25519);
    const serverHello = this.#add(serverHelloFor(hello, publicKey));
    const server = secrets.handshake("s", this.#transcript());
    const client = new RecordCipher(secrets.handshake("c", this.#transcript()));
    const flight = this.#flight(server);
    await this.#write(
      concat(Uint8Array.of(RECORD.HANDSHAKE, 3, 3), vector(2, serverHello)),
      Uint8Array.of(RECORD.CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1),
      new RecordCipher(server).seal(RECORD.HANDSHAKE, flight),
    );
    const application = new RecordCipher(secrets.clientApplication(this.#transcript()));
    const accepted = await this.#open(client) === RECORD.HANDSHAKE;
    const received = accepted ? await this.#read() : null;
    return {
      hello,
      accepted,
      received: received === null ? new Uint8Array() : application.open(received.body).content,
    };
  }

  /** The messages from EncryptedExtensions to Finished. */
  #flight(trafficSecret: Uint8Array): Uint8Array {
    const { certPem, signingKeyPem } = this.#identity;
    const der = new X509Certificate(certPem).raw;
    const alpn = extension(16, vector(2, vector(1, ascii.encode("h2"))));
    const parts = [
      this.#add(message(MESSAGE.ENCRYPTED_EXTENSIONS, vector(2, alpn))),
      this.#add(
        message(MESSAGE.CERTIFICATE, vector(1), vector(3, vector(3, der), vector(2))),
      ),
    ];
    const signed = concat(
      new Uint8Array(64).fill(0x20),
      ascii.encode("TLS 1.3, server CertificateVerify\0"),
      this.#transcript(),
    );
    const signature = vector(2, sign("sha256", signed, signingKeyPem));
    parts.push(this.#add(message(MESSAGE.CERTIFICATE_VERIFY, uint(2, 0x0403), signature)));
    const finishedKey = expandLabel(trafficSecret, "finished", { length: 32 });
    parts.push(this.#add(message(MESSAGE.FINISHED, hmac(finishedKey, this.#transcript()))));
    return concat(...parts);
  }

  /** The type of the next record's content, or `null` at the end. */
  async #open(cipher: RecordCipher): Promise<number | null> {
    const record = await this.#read();
    if (record === null) return null;
    return record.type === RECORD.APPLICATION_DATA ? cipher.open(record.body).type : record.type;
  }

  #add(part: Uint8Array): Uint8Array {
    this.#messages.push(part);
    return part;
  }

  #transcript(): Uint8Array {
    return sha256(...this.#messages);
  }

  /** The next record; the one that only pacifies old middleboxes is passed over. */
  async #read(): Promise<{ type: number; body: Uint8Array } | null> {
    const header = await this.#readExactly(5);
    if (header === null) return null;
    const body = await this.#readExactly(new DataView(header.buffer).getUint16(3));
    if (body === null) return null;
    const type = header[0] ?? 0;
    return type === RECORD.CHANGE_CIPHER_SPEC ? await this.#read() : { type, body };
  }

  async #readExactly(length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const read = await this.#socket.read(bytes.subarray(at)).catch(() => null);
      if (read === null) return null;
      at += read;
    }
    return bytes;
  }

  async #write(...parts: readonly Uint8Array[]): Promise<void> {
    for (let rest = concat(...parts); rest.length > 0;) {
      rest = rest.subarray(await this.#socket.write(rest));
    }
  }
}

async function agree(
  clientKey: Uint8Array<ArrayBuffer>,
): Promise<{ secrets: Secrets; publicKey: Uint8Array }> {
  const own = await crypto.subtle.generateKey("X25519", true, ["deriveBits"]) as CryptoKeyPair;
  const peer = await crypto.subtle.importKey("raw", clientKey, "X25519", true, []);
  const shared = await crypto.subtle.deriveBits(
    { name: "X25519", public: peer },
    own.privateKey,
    256,
  );
  return {
    secrets: new Secrets(new Uint8Array(shared)),
    publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", own.publicKey)),
  };
}

function serverHelloFor(hello: ClientHello, publicKey: Uint8Array): Uint8Array {
  return message(
    MESSAGE.SERVER_HELLO,
    Uint8Array.of(3, 3),
    crypto.getRandomValues(new Uint8Array(32)),
    vector(1, hello.sessionId),
    uint(2, 0x1301),
    uint(1, 0),
    vector(
      2,
      extension(43, Uint8Array.of(3, 4)),
      extension(51, uint(2, 0x001d), vector(2, publicKey)),
    ),
  );
}
