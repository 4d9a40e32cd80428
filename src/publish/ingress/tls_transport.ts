/**
 * TLS on an accepted connection, with the certificate of the host that the client names.
 *
 * The name is read here, before `node:tls` sees a byte: its own `SNICallback` costs a fifth of a
 * handshake, and in Deno 2.9.6 keeps 12 KiB for ever of every handshake that fails. What
 * `node:tls` costs beside `Deno.listenTls` is in ARCHITECTURE.md.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type SecureContext, TLSSocket } from "node:tls";
import { peekClientHello } from "../../core/client_hello.ts";
import { SNI } from "../../core/limits.ts";
import { INGRESS } from "../../core/publish_limits.ts";
import type { TcpSocket } from "../../system/tcp_socket.ts";
import type { Transport } from "./http1/transport.ts";

/** `undefined` for a name that nobody is served under. */
export type ContextFor = (serverName: string) => SecureContext | undefined;

/** A fatal alert: unrecognized_name (RFC 6066 §3). */
const UNRECOGNIZED_NAME = Uint8Array.of(0x15, 0x03, 0x03, 0, 2, 2, 112);

export class TlsTransport implements Transport {
  readonly #tcp: TcpSocket;
  readonly #contextFor: ContextFor;
  /** What came before the client had said whom it wants. */
  #hello: Buffer = Buffer.alloc(0);
  /** `null` before it had. */
  #tls: TLSSocket | null = null;
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
    this.#contextFor = contextFor;
    tcp.on("data", this.#onHello);
    tcp.once("end", this.#onEarlyEnd);
    tcp.once(
      "close",
      () => this.#end(new Deno.errors.ConnectionReset("The connection was closed")),
    );
  }

  readonly #onEarlyEnd = () => this.#end(null);

  readonly #onHello = (chunk: Buffer) => {
    this.#hello = this.#hello.length === 0 ? chunk : Buffer.concat([this.#hello, chunk]);
    const peek = peekClientHello(this.#hello);
    if (peek.kind === "more" && this.#hello.length < SNI.peekMaxBytes) return;
    this.#tcp.off("data", this.#onHello);
    this.#tcp.off("end", this.#onEarlyEnd);
    if (peek.kind !== "hello") return this.close();
    this.#serverName = peek.serverName;
    const context = peek.serverName === null ? undefined : this.#contextFor(peek.serverName);
    if (context === undefined) this.#tcp.write(UNRECOGNIZED_NAME, () => this.close());
    else this.#secure(context);
  };

  #secure(secureContext: SecureContext): void {
    const tcp = this.#tcp;
    tcp.pause();
    tcp.unshift(this.#hello);
    this.#hello = Buffer.alloc(0);
    const tls = new TLSSocket(tcp, { isServer: true, ALPNProtocols: ["http/1.1"], secureContext });
    this.#tls = tls;
    tls.on("data", (chunk: Buffer) => this.#take(chunk));
    tls.on("end", () => this.#end(null));
    tls.on("error", (error) => {
      this.#end(error);
      tcp.destroy();
    });
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
    const tls = this.#tls;
    return new Promise((resolve, reject) => {
      // Whoever writes to what is closed would wait for ever.
      if (tls === null) return reject(new TypeError("There is no handshake yet"));
      if (this.#error !== null) return reject(this.#error);
      this.#failWrite = reject;
      tls.write(bytes, (error) => {
        this.#failWrite = null;
        if (error) reject(error);
        else resolve(bytes.length);
      });
    });
  }

  /** Rejects a write that waits. */
  #failWrite: ((error: Error) => void) | null = null;

  closeWrite(): Promise<void> {
    this.#tls?.end();
    return Promise.resolve();
  }

  close(): void {
    this.#end(new Deno.errors.BadResource("The connection was closed"));
    this.#tls?.destroy();
    this.#tcp.destroy();
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
