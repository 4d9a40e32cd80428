/**
 * A connection of Deno's as the stream that `node:http` and `node:tls` work on.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";

type Callback = (error?: Error | null) => void;

/** What is read at once: requests are small, and there is one such buffer per connection … */
const READ_BYTES = 4 * 1024;
/** … and what while more comes than it has room for. */
const BUSY_READ_BYTES = 64 * 1024;

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
  readonly #readBytes: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #isHeld = false;
  /** Whether a read waits until nothing is held back any more. */
  #isReadDue = false;
  #timer: Disposable | null = null;

  /**
   * Takes `conn` over.
   *
   * @param readBytes what it keeps to read into while it waits
   */
  constructor(conn: Deno.TcpConn, clock: Clock, readBytes: number = READ_BYTES) {
    super({ allowHalfOpen: true });
    this.#readBytes = readBytes;
    this.#buffer = new Uint8Array(readBytes);
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

  /**
   * Reads no more until {@linkcode release}: the way to slow a peer down whose bytes pass through
   * `node:tls`, which in Deno 2.9.6 takes all there is, even while it is paused.
   */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    if (this.#isReadDue) this._read();
  }

  override _read(): void {
    this.#isReadDue = this.#isHeld;
    if (this.#isHeld) return;
    void this.#conn.read(this.#buffer).then(
      (n) => this.push(n === null ? null : this.#taken(n)),
      (error: Error) => this.destroy(error),
    );
  }

  /** A copy of what was read, and a buffer for the next time that suits it. */
  #taken(n: number): Buffer {
    const taken = Buffer.from(this.#buffer.slice(0, n));
    const { length } = this.#buffer;
    const next = n === length ? BUSY_READ_BYTES : n <= this.#readBytes ? this.#readBytes : length;
    if (next !== length) this.#buffer = new Uint8Array(next);
    return taken;
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
