/**
 * The socket that an HTTP/2 session gets: a TLS connection, reduced to the frames it needs.
 *
 * Deno 2.9.6 frees an HTTP/2 session while it still works on it when a GOAWAY arrives and no
 * stream is open (denoland/deno issue 36788), or a PING is acknowledged that was never sent. The
 * process then crashes, or goes on with corrupted memory, and any peer can make it happen. Neither
 * end of Portunus needs these frames: a GOAWAY asks not to open further streams, and a client
 * opens one per connection, a server none.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../core/clock.ts";
import { FrameFilter, PREFACE_LENGTH, type Sender } from "./frame_filter.ts";
import { FrameBoundary, KeepAlive, PING_FRAME } from "./keep_alive.ts";

/** Where a connection comes from and goes to. */
type Ends = Pick<Socket, "remoteAddress" | "remotePort" | "localAddress" | "localPort">;

export interface Http2SocketOptions {
  /** What the other end is. */
  readonly peer: Sender;
  readonly clock: Clock;
  /** The addresses, where the socket does not know them. */
  readonly ends?: Ends;
}

type Callback = (error?: Error | null) => void;

export class Http2Socket extends Duplex {
  readonly #socket: TLSSocket;
  readonly #written: FrameBoundary;
  readonly #keepAlive: KeepAlive;
  readonly encrypted = true;
  readonly alpnProtocol = "h2";
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;

  /** Takes `socket` over; the handshake must be done. */
  constructor(socket: TLSSocket, { peer, clock, ends = socket }: Http2SocketOptions) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#written = new FrameBoundary(peer === "server" ? PREFACE_LENGTH : 0);
    this.#keepAlive = new KeepAlive({
      clock,
      ping: () => {
        if (this.#written.isBetween) socket.write(PING_FRAME);
      },
      onDead: (ms) => this.destroy(new Error(`nothing heard for ${Math.round(ms / 1_000)} s`)),
    });
    this.remoteAddress = ends.remoteAddress;
    this.remotePort = ends.remotePort;
    this.localAddress = ends.localAddress;
    this.localPort = ends.localPort;
    socket.setNoDelay();
    // Deno's sessions stop listening before they destroy their socket with an error of their own;
    // whoever uses the session learns of it there.
    this.on("error", () => {});
    const filter = new FrameFilter({
      sender: peer,
      onGoaway: (lastStreamId) => {
        // The one stream of a client has id 1. Where the server will not serve it, nothing is left.
        if (peer === "server" && lastStreamId === 0) this.destroy();
      },
    });
    // Nothing is read before there is a session to read it.
    socket.pause();
    socket.on("data", (chunk: Uint8Array) => {
      this.#keepAlive.heard();
      const kept = filter.feed(chunk);
      if (kept.length > 0 && !this.push(Buffer.concat(kept))) socket.pause();
    });
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: Callback): void {
    this.#written.feed(chunk);
    if (this.#socket.write(chunk)) callback();
    else this.#socket.once("drain", callback);
  }

  override _final(callback: Callback): void {
    if (this.#socket.writableFinished) return callback();
    this.#socket.once("finish", () => callback());
    this.#socket.end();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#keepAlive[Symbol.dispose]();
    this.#socket.destroy();
    callback(error);
  }

  ref(): this {
    this.#socket.ref();
    return this;
  }

  unref(): this {
    this.#socket.unref();
    return this;
  }

  setTimeout(ms: number, callback?: () => void): this {
    this.#socket.setTimeout(ms, callback);
    return this;
  }
}
