/**
 * TLS that trusts exactly one certificate.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import { CallCredentials, ChannelCredentials } from "@grpc/grpc-js";
import type { Clock } from "../core/clock.ts";
import { isIp } from "../core/ip.ts";
import { fingerprintOf } from "./certificate.ts";
import { Http2Socket } from "./http2_socket.ts";
import { PIN_MISMATCH } from "./streams.ts";

type SecureConnector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

/**
 * Channel credentials that check the certificate of the very connection gRPC goes on to use,
 * before it writes a byte to it: what comes after, metadata with the token included, reaches
 * nobody but the owner of the pinned key.
 *
 * The pin replaces chain, name and expiry. Deno verifies the handshake's signature, the proof
 * that the peer has the key, also when `rejectUnauthorized` is off.
 */
export class PinnedCredentials extends ChannelCredentials {
  readonly #pin: string;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #verified = Promise.withResolvers<void>();
  #isVerified = false;
  #failure: Error | null = null;

  /**
   * @param options `pin` is the SHA-256 of the leaf as 64 hex digits of any case; `host` is what
   * is dialled: an IP address or the name to send as SNI; `clock` times the connection's silence
   */
  constructor(options: { readonly pin: string; readonly host: string; readonly clock: Clock }) {
    super();
    this.#clock = options.clock;
    this.#pin = options.pin.toLowerCase();
    this.#host = options.host;
  }

  /** Resolves when a connection was verified; never rejects. */
  get verified(): Promise<void> {
    return this.#verified.promise;
  }

  /** Why no connection was verified, when it was the handshake that failed. */
  get failure(): Error | null {
    return this.#isVerified ? null : this.#failure;
  }

  /** Whether a connection was verified. */
  get isVerified(): boolean {
    return this.#isVerified;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials = CallCredentials.createEmpty(),
  ): SecureConnector {
    const over = new AbortController();
    return {
      connect: (socket) => this.#connect(socket, over.signal),
      // Asked before every dial: grpc-js dials again when a channel that failed has been closed.
      waitForReady: () =>
        over.signal.aborted ? Promise.reject(new Error("closed")) : Promise.resolve(),
      getCallCredentials: () => callCredentials,
      destroy: () => over.abort(),
    };
  }

  /**
   * `over` is aborted when the channel is closed. The connection ends with it at once: grpc-js
   * would wait for a peer that keeps silent, in the middle of TLS or of HTTP/2.
   */
  async #connect(socket: Socket, over: AbortSignal): Promise<{ socket: Socket; secure: boolean }> {
    let connection: Duplex = socket;
    const end = () => connection.destroy();
    over.addEventListener("abort", end);
    try {
      if (over.aborted) throw new Error("the attempt was given up");
      const secured = await handshake(socket, isIp(this.#host) ? null : this.#host);
      this.#verify(secured);
      connection = new Http2Socket(secured, { peer: "server", clock: this.#clock });
      this.#isVerified = true;
      this.#verified.resolve();
      return { socket: asSocket(connection), secure: true };
    } catch (error) {
      end();
      this.#failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }

  #verify(socket: TLSSocket): void {
    if (fingerprintOf(socket.getPeerCertificate(true).raw) !== this.#pin) {
      throw new Error(PIN_MISMATCH);
    }
    if (socket.alpnProtocol !== "h2") throw new Error("the server does not speak HTTP/2");
  }
}

/** HTTP/2 runs over any duplex stream; the type that grpc-js gives its socket asks for more. */
function asSocket(stream: Duplex): Socket {
  return stream as unknown as Socket;
}

function handshake(socket: Socket, servername: string | null): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = connect({
      socket,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
      ...(servername !== null && { servername }),
    });
    // The listeners stay: a socket without one turns its next error into an uncaught exception.
    secured.on("error", reject);
    secured.on("close", () => reject(new Error("the server closed the connection")));
    secured.on("secureConnect", () => resolve(secured));
  });
}
