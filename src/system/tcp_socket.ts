/**
 * A connection of Deno's as the stream that `node:http` and `node:tls` work on.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";

type Callback = (error?: Error | null) => void;

/** What is read at once: requests are small, and there is one such buffer per connection. */
const READ_BYTES = 4 * 1024;

export class TcpSocket extends Duplex {
  /** Address of the peer as the system says it, an IPv4-mapped one too. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Whether the peer is being served. Until then it may be asked to make room for another. */
  busy = false;
  readonly #conn: Deno.TcpConn;
  readonly #clock: Clock;
  readonly #buffer = new Uint8Array(READ_BYTES);
  #timer: Disposable | null = null;

  /** Takes `conn` over. */
  constructor(conn: Deno.TcpConn, clock: Clock) {
    super({ allowHalfOpen: true });
    this.#conn = conn;
    this.#clock = clock;
    const { hostname, port } = conn.remoteAddr;
    this.remoteAddress = hostname;
    this.remotePort = port;
    this.localAddress = conn.localAddr.hostname;
    this.localPort = conn.localAddr.port;
    try {
      conn.setNoDelay();
    } catch {
      // The peer is gone already; reading will say so.
    }
    // Whoever uses the socket learns of its end; how a peer went is nobody's trouble.
    this.on("error", () => {});
  }

  override _read(): void {
    void this.#conn.read(this.#buffer).then(
      (n) => this.push(n === null ? null : Buffer.from(this.#buffer.slice(0, n))),
      (error: Error) => this.destroy(error),
    );
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: Callback): void {
    void writeAll(this.#conn, chunk).then(() => callback(), callback);
  }

  /** Header and body of an answer leave together. */
  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], callback: Callback): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "buffer", callback);
  }

  override _final(callback: Callback): void {
    void this.#conn.closeWrite().then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#timer?.[Symbol.dispose]();
    this.#conn.close();
    callback(error);
  }

  /** Emits `timeout` once, `ms` milliseconds from now, whatever happens meanwhile; 0 for never. */
  setTimeout(ms: number, callback?: () => void): this {
    this.#timer?.[Symbol.dispose]();
    if (callback) this.once("timeout", callback);
    this.#timer = ms > 0 ? this.#clock.timer(ms, () => this.emit("timeout")) : null;
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

async function writeAll(conn: Deno.TcpConn, chunk: Uint8Array): Promise<void> {
  for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}
