/**
 * TLS on an accepted connection, with the certificate of the host that the client names.
 *
 * Of all that Deno 2.9.6 has, only `node:tls` tells the name of each connection, asks for a
 * certificate at each handshake, and works on connections that somebody else accepted. What it
 * costs beside `Deno.listenTls` is in ARCHITECTURE.md.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { type SecureContext, TLSSocket } from "node:tls";
import { INGRESS } from "../../core/publish_limits.ts";
import type { TcpSocket } from "../../system/tcp_socket.ts";
import type { Transport } from "./http1/transport.ts";

/** `undefined` for a name that nobody is served under. */
export type ContextFor = (serverName: string) => SecureContext | undefined;

/** A fatal alert: unrecognized_name (RFC 6066 §3). */
const UNRECOGNIZED_NAME = Uint8Array.of(0x15, 0x03, 0x03, 0, 2, 2, 112);

export class TlsTransport implements Transport {
  readonly #tcp: TcpSocket;
  readonly #tls: TLSSocket;
  #serverName: string | null = null;
  /** What came, and was not read yet. */
  readonly #chunks: Buffer[] = [];
  #queuedBytes = 0;
  #isHeld = false;
  #isEnded = false;
  #error: Error | null = null;
  /** Resolves a read that waits. */
  #wake: (() => void) | null = null;

  /** Takes over `tcp`, and begins the handshake. */
  constructor(tcp: TcpSocket, contextFor: ContextFor) {
    this.#tcp = tcp;
    this.#tls = new TLSSocket(tcp, {
      isServer: true,
      ALPNProtocols: ["http/1.1"],
      SNICallback: (serverName, callback) => {
        const name = serverName.toLowerCase();
        const context = contextFor(name);
        this.#serverName = name;
        if (context !== undefined) return callback(null, context);
        tcp.write(UNRECOGNIZED_NAME, () => this.close());
      },
    });
    this.#tls.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#tls.on("end", () => this.#end(null));
    this.#tls.on("error", (error) => {
      this.#end(error);
      tcp.destroy();
    });
    tcp.once(
      "close",
      () => this.#end(new Deno.errors.ConnectionReset("The connection was closed")),
    );
  }

  /** What the client named in its handshake. Known before anything can be read. */
  get serverName(): string | null {
    return this.#serverName;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#queuedBytes === 0) {
      if (this.#error !== null) throw this.#error;
      if (this.#isEnded) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    let length = 0;
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const part = chunk.subarray(0, buffer.length - length);
      buffer.set(part, length);
      length += part.length;
      if (part.length < chunk.length) {
        this.#chunks[0] = chunk.subarray(part.length);
        break;
      }
      this.#chunks.shift();
    }
    this.#queuedBytes -= length;
    if (this.#isHeld && this.#queuedBytes === 0) {
      this.#isHeld = false;
      this.#tcp.release();
    }
    return length;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      // Whoever writes to what is closed would wait for ever.
      if (this.#error !== null) return reject(this.#error);
      this.#failWrite = reject;
      this.#tls.write(bytes, (error) => {
        this.#failWrite = null;
        if (error) reject(error);
        else resolve(bytes.length);
      });
    });
  }

  /** Rejects a write that waits. */
  #failWrite: ((error: Error) => void) | null = null;

  closeWrite(): Promise<void> {
    this.#tls.end();
    return Promise.resolve();
  }

  close(): void {
    this.#end(new Deno.errors.BadResource("The connection was closed"));
    this.#tls.destroy();
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes >= INGRESS.largeBufferBytes && !this.#isHeld) {
      this.#isHeld = true;
      this.#tcp.hold();
    }
    this.#wakeUp();
  }

  #end(error: Error | null): void {
    if (this.#error !== null) return;
    this.#isEnded = true;
    this.#error = error;
    if (error !== null) this.#failWrite?.(error);
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
