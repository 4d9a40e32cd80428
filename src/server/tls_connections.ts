/**
 * TLS for connections that HTTP/1.1 then runs on.
 *
 * @module
 */

import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { Clock } from "../core/clock.ts";
import type { TcpSocket } from "../system/tcp_socket.ts";
import type { CertificatePair } from "../wire/self_signed.ts";

export interface TlsConnectionsOptions {
  readonly pair: CertificatePair;
  readonly clock: Clock;
  /** For a handshake, in milliseconds. */
  readonly timeoutMs: number;
  /** Gets every connection whose handshake succeeded. */
  readonly onSecure: (socket: TLSSocket) => void;
}

export class TlsConnections {
  readonly #options: TlsConnectionsOptions;
  readonly #carriers = new WeakMap<object, TcpSocket>();
  #context: SecureContext;

  constructor(options: TlsConnectionsOptions) {
    this.#options = options;
    this.#context = contextOf(options.pair);
  }

  /** New connections get this certificate; established ones go on. */
  useCertificate(pair: CertificatePair): void {
    this.#context = contextOf(pair);
  }

  /** Begins a handshake on `tcp`. One that fails, or takes too long, ends the connection. */
  accept(tcp: TcpSocket): void {
    const { clock, timeoutMs, onSecure } = this.#options;
    const deadline = clock.timer(timeoutMs, () => tcp.destroy());
    tcp.once("close", () => deadline[Symbol.dispose]());
    const socket = new TLSSocket(tcp, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: ["http/1.1"],
    });
    socket.on("error", () => tcp.destroy());
    socket.once("secure", () => {
      deadline[Symbol.dispose]();
      this.#carriers.set(socket, tcp);
      // What nobody reads must not be taken in: see `TcpSocket.hold()`.
      socket.on("pause", () => tcp.hold());
      socket.on("resume", () => tcp.release());
      onSecure(socket);
    });
  }

  /** What a connection that was handed out runs on. */
  carrierOf(socket: object): TcpSocket | undefined {
    return this.#carriers.get(socket);
  }
}

const contextOf = ({ certPem, keyPem }: CertificatePair) =>
  createSecureContext({ cert: certPem, key: keyPem, minVersion: "TLSv1.2" });
